// SPDX-License-Identifier: MIT
#pragma once
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "wsym/core/error.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// Throws Error "<action> '<path>': <what errno says>".
[[noreturn]] inline void throw_file_error(const char* action, const std::string& path) {
  const int code = errno;
  throw Error(message(action, " '", path, "': ", std::strerror(code)));
}

/// An open file whose every failure is an Error that names `path`, which need not be the name it was opened by.
class OpenFile {
 public:
  OpenFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  OpenFile(const std::string& path, int flags, const char* action) : path_(path) {
    do descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    while (descriptor_ < 0 && errno == EINTR);
    if (descriptor_ < 0) throw_file_error(action, path);
  }
  OpenFile(OpenFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }
  struct stat status() const {
    struct stat status;
    if (::fstat(descriptor_, &status) != 0) throw_file_error("cannot inspect", path_);
    return status;
  }
  /// True while `path` names this file: nobody has removed or replaced it since it was opened.
  bool in_place() const {
    const struct stat mine = status();
    struct stat there;
    return ::stat(path_.c_str(), &there) == 0 && there.st_dev == mine.st_dev && there.st_ino == mine.st_ino;
  }
  /// The next bytes; fewer than asked only at the end of the file.
  std::size_t read(char* to, std::size_t count) const {
    std::size_t done = 0;
    while (done < count) {
      const ssize_t got = ::read(descriptor_, to + done, count - done);
      if (got == 0) break;
      if (got < 0 && errno != EINTR) throw_file_error("cannot read", path_);
      if (got > 0) done += static_cast<std::size_t>(got);
    }
    return done;
  }
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
      if (put < 0 && errno != EINTR) throw_file_error("cannot write", path_);
      if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void sync() const {
    while (::fsync(descriptor_) != 0)
      if (errno != EINTR) throw_file_error("cannot flush", path_);
  }
  /// Some file systems report a failed write only here.
  void close() {
    if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) throw_file_error("cannot close", path_);
  }

 private:
  int descriptor_ = -1;
  std::string path_;
};

/// Makes a name that was added to or changed in the directory of `path` survive a power cut.
inline void sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == path.npos ? "." : path.substr(0, slash + 1);
  const OpenFile file(directory, O_RDONLY | O_DIRECTORY, "cannot open");
  if (::fsync(file.descriptor()) != 0 && errno != EINVAL)  // EINVAL: a file system without this call
    throw_file_error("cannot flush", directory);
}
}  // namespace detail

/// All bytes of a file. Throws Error with the path and the system's reason, or when there is not enough memory.
inline std::string read_file(const std::string& path) {
  return reading(path, [&] {
    const detail::OpenFile file(path, O_RDONLY, "cannot open");
    std::string bytes(static_cast<std::size_t>(file.status().st_size) + 1, '\0');  // one more, to see the end
    std::size_t size = 0;
    for (;;) {
      size += file.read(bytes.data() + size, bytes.size() - size);
      if (size < bytes.size()) break;
      bytes.resize(2 * bytes.size());  // a pipe, or the file grew meanwhile
    }
    bytes.resize(size);
    return bytes;
  });
}

/// Makes the directory and those above it, where missing. Throws Error with the path and the system's reason.
inline void make_directories(const std::string& path) {
  for (std::size_t end = 0; end != path.npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0777) == 0) continue;
    const int reason = errno;
    struct stat status;
    if (::stat(part.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
    errno = reason;
    detail::throw_file_error("cannot make the directory", part);
  }
}

/// A file that grows by whole lines, each in one write, so that a kill tears at most the last one. One writer a file,
/// one thread at a time. Opening creates the file if needed and cuts off a last line without its end, which a kill may
/// have left.
class AppendFile {
 public:
  /// Throws Error with the path and the system's reason.
  explicit AppendFile(const std::string& path) : file_(path, O_RDWR | O_CREAT | O_APPEND, "cannot open") {
    if (!S_ISREG(file_.status().st_mode)) return;
    const std::string bytes = read_file(path);
    size_ = static_cast<off_t>(bytes.rfind('\n') + 1);  // npos + 1 = 0: no line at all
    cut();
    detail::sync_directory_of(path);
  }

  /// Appends `text` and a newline. Throws ConfigError for a newline within, Error if the line cannot be written, and
  /// then the file ends with the line before; Error too if the file was removed or replaced since it was opened, as
  /// nobody would find the line. After a return a kill of this process cannot lose the line.
  void write_line(std::string_view text) {
    expect<ConfigError>(text.find('\n') == text.npos, "AppendFile: a line for '", file_.path(), "' has a newline");
    expect<Error>(file_.in_place(), "cannot append to '", file_.path(),
                  "': it was removed or replaced since it was opened");
    const std::string line = std::string(text) + '\n';
    try {
      file_.write(line);
    } catch (const Error&) {
      cut();
      throw;
    }
    size_ += static_cast<off_t>(line.size());
  }
  /// After a return a power cut cannot lose the lines either. Cost: one fsync, often milliseconds.
  void sync() { file_.sync(); }

 private:
  void cut() const {
    if (::ftruncate(file_.descriptor(), size_) != 0 && S_ISREG(file_.status().st_mode))
      detail::throw_file_error("cannot cut a torn line off", file_.path());
  }

  detail::OpenFile file_;
  off_t size_ = 0;
};

/// Holds a file locked for the life of this object, on this machine and where the file system has locks between
/// machines. The system releases it when the process ends, however it ends; the empty file stays.
class FileLock {
 public:
  /// Throws Error that names the file if another process, or another FileLock, holds it.
  explicit FileLock(const std::string& path) : file_(path, O_RDWR | O_CREAT, "cannot open the lock file") {
    if (::flock(file_.descriptor(), LOCK_EX | LOCK_NB) == 0) return;
    expect<Error>(errno != EWOULDBLOCK, "the lock file '", path,
                  "' is held by another process; wait until it ends, or work in another directory");
    detail::throw_file_error("cannot lock", path);
  }

  /// Throws Error if the file was removed or replaced since: another process could hold its successor.
  void expect_held() const {
    expect<Error>(file_.in_place(), "the lock file '", file_.path(),
                  "' was removed or replaced; another process may be at work in its directory");
  }

 private:
  detail::OpenFile file_;
};

}  // namespace wsym::inline WSYM_SIMD
