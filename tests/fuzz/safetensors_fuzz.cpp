// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>

#include "wsym/io/weights.hpp"

namespace {
struct Model {
  wsym::Parameter<float> w{wsym::Tensor<float>({2, 2})};
  wsym::Tensor<double> b{wsym::Shape{1}};
  static void visit(auto& self, auto&& v) {
    v("w", self.w);
    v("b", self.b);
  }
};
}  // namespace

/// Whatever is read covers the data exactly and is written in a form that reads as the same; a model takes it or stays.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  wsym::safetensors::Content content;
  try {
    content = wsym::safetensors::decode(bytes);
  } catch (const wsym::FormatError&) {
    return 0;
  }
  std::size_t total = 0;
  for (const auto& tensor : content.tensors) {
    total += tensor.bytes.size();
    if (tensor.bytes.size() != static_cast<std::size_t>(tensor.shape.size()) * info(tensor.dtype).size) std::abort();
  }
  if (total > size) std::abort();
  const std::string written = encode(content);
  if (encode(wsym::safetensors::decode(written)) != written) std::abort();

  Model model;
  const std::string before = wsym::to_bytes(model);
  try {
    wsym::set_weights(model, content, "fuzz");
  } catch (const wsym::FormatError&) {
    if (wsym::to_bytes(model) != before) std::abort();
  }
  return 0;
}
