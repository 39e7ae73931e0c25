// SPDX-License-Identifier: MIT
#include "fuzz_file.hpp"
#include "wsym/data/idx.hpp"

/// A gzip file gives an array of the size that its axes say, or an Error, whatever its header or trailer claims.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FuzzFile file("images.gz");
  file.hold(data, size);
  try {
    const wsym::IdxArray array = wsym::read_idx(file.path());
    std::size_t total = 1;
    for (const wsym::Index axis : array.sizes) total *= static_cast<std::size_t>(axis);
    if (array.bytes.size() != total) std::abort();
  } catch (const wsym::Error&) {
  }
  return 0;
}
