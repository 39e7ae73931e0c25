// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "wsym/core/types.hpp"
#include "wsym/data/gzip.hpp"

namespace wsym::inline WSYM_SIMD {

/// An array of unsigned bytes from an idx file: the sizes of its axes, and its bytes in row-major order.
struct IdxArray {
  std::vector<Index> sizes;
  std::vector<std::uint8_t> bytes;
  std::uint64_t fingerprint = 0;  // of the contents, header included
};

namespace detail {

inline std::uint32_t big_endian(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

/// The axes that an idx header lists. Throws FormatError unless it is the header of unsigned bytes of rank 1 to 8.
inline std::vector<Index> read_idx_header(InputFile& file) {
  constexpr unsigned unsigned_byte = 8, max_rank = 8;
  unsigned char head[4 + 4 * max_rank] = {};
  const auto fill = [&](unsigned char* to, std::size_t count) {
    expect<FormatError>(file.read(reinterpret_cast<char*>(to), count) == count, file.path(),
                        ": ends inside its idx header");
  };
  fill(head, 4);
  expect<FormatError>(head[0] == 0 && head[1] == 0 && head[2] == unsigned_byte, file.path(), ": magic number ",
                      big_endian(head),
                      " is not that of an idx file of unsigned bytes (2049 for labels, 2051 for images)");
  const unsigned rank = head[3];
  expect<FormatError>(rank >= 1 && rank <= max_rank, file.path(), ": an idx array of rank ", rank, "; 1 to ", max_rank,
                      " can be read");
  fill(head + 4, std::size_t{4} * rank);
  std::vector<Index> sizes;
  for (unsigned axis = 0; axis < rank; ++axis) sizes.push_back(big_endian(head + 4 + 4 * axis));
  return sizes;
}

/// The next `total` bytes. Memory grows with what has been read: what a header or a gzip trailer promises takes none.
inline std::vector<std::uint8_t> read_idx_bytes(InputFile& file, std::uint64_t total) {
  constexpr std::uint64_t piece = 1 << 20;
  std::vector<std::uint8_t> bytes;
  for (std::uint64_t done = 0; done < total;) {
    const std::uint64_t wanted = std::min(piece, total - done);
    bytes.resize(done + wanted);
    const std::uint64_t got = file.read(reinterpret_cast<char*>(bytes.data()) + done, wanted);
    done += got;
    expect<FormatError>(got == wanted, file.path(), ": the idx header promises ", total,
                        " bytes after it, but the file holds ", done);
  }
  return bytes;
}

}  // namespace detail

/// Reads an idx file, plain or ".gz" (of one gzip member or several). The array is taken in pieces as the file gives
/// them, so that a false promise costs no memory. The array and its header have at most `limit` bytes.
/// Throws FormatError for a wrong magic number, a rank above 8, a header that promises more or fewer bytes than the
/// file holds, or more than `limit`; DataError when it cannot be read; Error when there is not enough memory.
/// Source: http://yann.lecun.com/exdb/mnist/.
inline IdxArray read_idx(const std::string& path, std::uint64_t limit = InputFile::default_limit) {
  return reading(path, [&] {
    InputFile file(path, limit);
    IdxArray array;
    array.sizes = detail::read_idx_header(file);
    std::uint64_t total = 1;
    for (const Index size : array.sizes)
      expect<FormatError>(!__builtin_mul_overflow(total, static_cast<std::uint64_t>(size), &total), path,
                          ": the idx header promises more than 2^64 bytes");
    expect<FormatError>(total <= limit, path, ": the idx header promises ", total, " bytes, above the limit of ",
                        limit);
    array.bytes = detail::read_idx_bytes(file, total);
    char beyond = 0;
    expect<FormatError>(file.read(&beyond, 1) == 0, path, ": goes on after the ", total,
                        " bytes that its idx header promises");
    array.fingerprint = file.fingerprint();
    return array;
  });
}

}  // namespace wsym::inline WSYM_SIMD
