// SPDX-License-Identifier: MIT
#pragma once
#include <cstdio>

#include "wsym/io/file.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// A new file beside `path`, and its name. Any name left over by a killed process is passed by.
inline std::pair<OpenFile, std::string> create_beside(const std::string& path) {
  for (int attempt = 0;; ++attempt) {
    std::string name = message(path, ".tmp-", ::getpid(), '-', attempt);
    const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) return {OpenFile(descriptor, path), std::move(name)};
    if (errno != EEXIST && errno != EINTR) throw_file_error("cannot create a file beside", path);
  }
}
}  // namespace detail

/// Replaces the file by `bytes` as a whole: after a return the new content survives a kill and a power cut; until then,
/// and after an error, whoever opens `path` sees the old content, and no temporary file stays (a kill may leave one,
/// named path.tmp-*). A symbolic link is replaced, not followed. Throws Error with the path and the system's reason.
inline void write_file_atomically(const std::string& path, std::string_view bytes) {
  struct stat status;
  expect<Error>(::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode), "cannot replace '", path,
                "': it is not a regular file");
  auto [file, name] = detail::create_beside(path);
  try {
    file.write(bytes);
    file.sync();
    file.close();
    if (std::rename(name.c_str(), path.c_str()) != 0) detail::throw_file_error("cannot replace", path);
  } catch (...) {
    ::unlink(name.c_str());
    throw;
  }
  detail::sync_directory_of(path);
}

}  // namespace wsym::inline WSYM_SIMD
