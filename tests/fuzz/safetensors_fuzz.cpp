// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>

#include "wsym/io/weights.hpp"

namespace {
enum class Shade { dark, light };
constexpr auto names(Shade) {
  return std::array{"dark", "light"};
}
struct Model {
  wsym::Parameter<float> w{wsym::Tensor<float>({2, 2})};
  wsym::Tensor<double> b{wsym::Shape{1}};
  wsym::Index count = 1;
  std::optional<double> rate;
  std::vector<Shade> shades;
  static void visit(auto& self, auto&& v) {
    v("w", self.w);
    v("b", self.b);
    v("count", self.count);
    v("rate", self.rate);
    v("shades", self.shades);
  }
};
struct Tree {
  std::vector<Model> parts;
  std::optional<Model> last;
  static void visit(auto& self, auto&& v) {
    v("parts", self.parts);
    v("last", self.last);
  }
};
}  // namespace

/// Whatever is read covers the data exactly and is written in a form that reads as the same; a model takes it or stays,
/// and one that is built from it is what it says.
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
  try {
    const Tree tree = wsym::model_of<Tree>(content, "fuzz");
    const std::string bytes = wsym::to_bytes(tree);
    if (wsym::to_bytes(wsym::model_of<Tree>(wsym::safetensors::decode(bytes), "fuzz")) != bytes) std::abort();
  } catch (const wsym::FormatError&) {
  }
  return 0;
}
