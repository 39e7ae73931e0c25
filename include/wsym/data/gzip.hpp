// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#if defined(WSYM_ZLIB)
#include <zlib.h>
#endif

#include "wsym/core/error.hpp"

namespace wsym::inline WSYM_SIMD {

/// The FNV-1a hash of some bytes, or its continuation: an identity of file contents, no protection against malice.
inline std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

namespace detail {

/// A file read from its beginning to its end. Throws DataError when it cannot be opened or read.
class PlainFile {
 public:
  explicit PlainFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
    if (!file_) throw DataError(message("cannot be opened: ", std::strerror(errno)), path_);
    std::setvbuf(file_, nullptr, _IONBF, 0);  // the callers read in large pieces
  }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;
  ~PlainFile() { std::fclose(file_); }

  /// Fills the room, or less at the end of the file, and says how much.
  std::size_t read(char* to, std::size_t room) {
    const std::size_t got = std::fread(to, 1, room, file_);
    if (got < room && std::ferror(file_)) throw DataError(message("cannot be read: ", std::strerror(errno)), path_);
    return got;
  }

 private:
  std::string path_;
  std::FILE* file_;
};

#if defined(WSYM_ZLIB)
/// A gzip file, inflated from its beginning to its end as `gzip -dc` does it: it may hold several members in a row (two
/// files joined, bgzip), and zero bytes may follow the last one. Its uncompressed size is known at its end alone.
/// It uses inflate() and not gzread(): gzread() reports a file cut short as a normal end, and passes a file that is no
/// gzip file through unchanged.
/// Throws FormatError for a file that is damaged, cut short, no gzip file, or larger than `limit` once inflated.
class GzipFile {
 public:
  GzipFile(const std::string& path, std::uint64_t limit) : path_(path), limit_(limit), file_(path) {
    expect<Error>(inflateInit2(&stream_, 15 + 16) == Z_OK, path_, ": zlib cannot start");  // 32 KiB window, gzip only
  }
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;
  ~GzipFile() { inflateEnd(&stream_); }

  /// Fills the room, or less at the end of the contents, and says how much. The end has been reached, and the checksum
  /// verified, only when it returned less than the room.
  std::size_t read(char* to, std::size_t room) {
    std::size_t done = 0;
    while (done < room && more_input()) {
      const std::size_t piece = std::min<std::size_t>(room - done, 1u << 30);
      stream_.next_out = reinterpret_cast<Bytef*>(to + done);
      stream_.avail_out = static_cast<uInt>(piece);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      expect<FormatError>(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR, path_,
                          ": not a gzip file, or a damaged one (zlib: ", stream_.msg ? stream_.msg : "no reason", ")");
      done += piece - stream_.avail_out;
      total_ += piece - stream_.avail_out;
      expect<FormatError>(total_ <= limit_, path_, ": inflates to more than the limit of ", limit_, " bytes");
      member_ended_ = status == Z_STREAM_END;
    }
    return done;
  }

 private:
  /// False at the end of the file, which has to be the end of a gzip member, perhaps with zero bytes behind it.
  bool more_input() {
    if (stream_.avail_in == 0) refill();
    if (stream_.avail_in == 0) {
      // With no room left at the last call, zlib may hold more output; only a call that gives none shows a cut file.
      expect<FormatError>(member_ended_ || stream_.avail_out == 0, path_, ": the gzip file is cut short");
      return !member_ended_;
    }
    if (!member_ended_) return true;
    if (*stream_.next_in == 0) return skip_padding();
    inflateReset(&stream_), member_ended_ = false;
    return true;
  }
  void refill() {
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(file_.read(input_.data(), input_.size()));
  }
  bool skip_padding() {
    for (; stream_.avail_in > 0; refill()) {
      expect<FormatError>(
          std::all_of(stream_.next_in, stream_.next_in + stream_.avail_in, [](Bytef b) { return b == 0; }), path_,
          ": something other than zeros follows the zero bytes after the gzip data");
    }
    return false;
  }

  std::string path_;
  std::uint64_t limit_, total_ = 0;
  bool member_ended_ = false;
  PlainFile file_;
  std::array<char, 1 << 16> input_;
  z_stream stream_{};
};
#else
class GzipFile {
 public:
  GzipFile(const std::string& path, std::uint64_t) {
    throw Error(path + ": built without zlib; configure with -DWSYM_ZLIB=ON, or unpack the file");
  }
  std::size_t read(char*, std::size_t) { return 0; }
};
#endif

}  // namespace detail

/// The contents of a file, inflated when its name ends in ".gz", from the beginning to the end.
/// Throws DataError when it cannot be opened or read, FormatError for a damaged gzip file or one that inflates to more
/// than `limit` bytes, Error for a ".gz" file in a build without zlib.
class InputFile {
 public:
  static constexpr std::uint64_t default_limit = std::uint64_t{1} << 32;

  explicit InputFile(const std::string& path, std::uint64_t limit = default_limit) : path_(path) {
    if (path.ends_with(".gz"))
      gzip_ = std::make_unique<detail::GzipFile>(path, limit);
    else
      plain_.emplace(path);
  }

  /// Fills the room, or less at the end, and says how much.
  std::size_t read(char* to, std::size_t room) {
    const std::size_t got = gzip_ ? gzip_->read(to, room) : plain_->read(to, room);
    fingerprint_ = fnv1a({to, got}, fingerprint_);
    return got;
  }

  const std::string& path() const { return path_; }
  /// The hash of the contents read so far: the same for a file and its gzip file.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  std::string path_;
  std::optional<detail::PlainFile> plain_;
  std::unique_ptr<detail::GzipFile> gzip_;
  std::uint64_t fingerprint_ = fnv1a({});
};

}  // namespace wsym::inline WSYM_SIMD
