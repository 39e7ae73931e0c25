// SPDX-License-Identifier: MIT
#include "wsym/data/idx.hpp"

#include "fuzz_file.hpp"

/// An idx file gives exactly the bytes that its axes say, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FuzzFile file("images");
  file.hold(data, size);
  try {
    const wsym::IdxArray array = wsym::read_idx(file.path());
    std::size_t total = 1;
    for (const wsym::Index axis : array.sizes) total *= static_cast<std::size_t>(axis);
    if (array.bytes.size() != total || size != total + 4 + 4 * array.sizes.size()) std::abort();
  } catch (const wsym::Error&) {
  }
  return 0;
}
