// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>

#include "wsym/io/json.hpp"

/// Whatever is read is written in a form that reads as the same value, and is refused with FormatError otherwise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wsym::Json value;
  try {
    value = wsym::Json::parse({reinterpret_cast<const char*>(data), size});
  } catch (const wsym::FormatError&) {
    return 0;
  }
  const std::string text = value.dump();
  if (!(wsym::Json::parse(text) == value) || wsym::Json::parse(text).dump() != text) std::abort();
  if (!(wsym::Json::parse(value.dump_indented()) == value)) std::abort();
  return 0;
}
