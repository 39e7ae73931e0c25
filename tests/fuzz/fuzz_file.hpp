// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wsym/io/file.hpp"

/// A file in a folder of its own that holds one input after the other; both go when the process ends normally.
class FuzzFile {
 public:
  explicit FuzzFile(const std::string& name)
      : folder_(made_folder()), file_(folder_ + "/" + name, O_RDWR | O_CREAT, "cannot open") {}
  ~FuzzFile() {
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }

  const std::string& path() const { return file_.path(); }
  void hold(const std::uint8_t* data, std::size_t size) {
    if (::ftruncate(file_.descriptor(), 0) != 0 || ::lseek(file_.descriptor(), 0, SEEK_SET) != 0) std::abort();
    file_.write({reinterpret_cast<const char*>(data), size});
  }

 private:
  static std::string made_folder() {
    char name[] = "/tmp/wsym-fuzz-XXXXXX";
    if (!::mkdtemp(name)) std::abort();
    return name;
  }

  std::string folder_;
  wsym::detail::OpenFile file_;
};
