// SPDX-License-Identifier: MIT
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "wsym/core/types.hpp"
#include "wsym/data/gzip.hpp"

namespace wsym {

/// An array of unsigned bytes from an idx file: the sizes of its axes, and its bytes in row-major order.
struct IdxArray {
  std::vector<Index> sizes;
  std::vector<std::uint8_t> bytes;
  std::uint64_t fingerprint = 0;  // of the contents, header included
};

namespace detail {

/// The number of bytes a file holds: its size, or, for ".gz", what the last four bytes of the file say (modulo 2^32).
/// Throws FormatError for a gzip file too short to say, or that says more than so few bytes can inflate to.
inline std::uint64_t promised_size(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) throw DataError(message("cannot be opened: ", std::strerror(errno)), path);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!path.ends_with(".gz")) return size;
  expect<FormatError>(size >= 18, path, ": the gzip file is cut short");  // 10 bytes of header, 8 of trailer
  unsigned char bytes[4] = {};
  PlainFile(path).read_last(reinterpret_cast<char*>(bytes), sizeof bytes);
  const std::uint64_t held =
      bytes[0] | std::uint64_t{bytes[1]} << 8 | std::uint64_t{bytes[2]} << 16 | std::uint64_t{bytes[3]} << 24;
  constexpr std::uint64_t best_ratio = 1032;  // of deflate
  expect<FormatError>(held / best_ratio <= size, path, ": its gzip trailer promises ", held,
                      " bytes, more than a file of ", size, " bytes can inflate to");
  return held;
}

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

}  // namespace detail

/// Reads an idx file, plain or ".gz". What the header promises is held against the size of the file (for gzip: the size
/// in its trailer) before memory is taken for the array.
/// Throws FormatError for a wrong magic number, a rank above 8, or a header that promises more or fewer bytes than
/// the file holds; DataError when it cannot be read. Source: http://yann.lecun.com/exdb/mnist/.
inline IdxArray read_idx(const std::string& path) {
  InputFile file(path);
  IdxArray array;
  array.sizes = detail::read_idx_header(file);
  const std::uint64_t held = detail::promised_size(path), header = 4 + 4 * array.sizes.size();
  std::uint64_t total = 1;
  for (const Index size : array.sizes)
    expect<FormatError>(!__builtin_mul_overflow(total, static_cast<std::uint64_t>(size), &total), path,
                        ": the idx header promises more than 2^64 bytes");
  expect<FormatError>(total <= InputFile::default_limit && total + header == held, path, ": the idx header promises ",
                      total, " bytes after ", header, " of header, but the file holds ", held, " bytes in all");
  array.bytes.resize(total);
  expect<FormatError>(file.read(reinterpret_cast<char*>(array.bytes.data()), total) == total, path,
                      ": ends before the ", total, " bytes that its idx header promises");
  char beyond = 0;
  expect<FormatError>(file.read(&beyond, 1) == 0, path, ": goes on after the ", total,
                      " bytes that its idx header promises");
  array.fingerprint = file.fingerprint();
  return array;
}

}  // namespace wsym
