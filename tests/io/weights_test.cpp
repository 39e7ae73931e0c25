// SPDX-License-Identifier: MIT
#include "wsym/io/weights.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "io/scratch_folder.hpp"
#include "wsym/core/random.hpp"

using wsym::FormatError;
using wsym::Frozen;
using wsym::Index;
using wsym::Key;
using wsym::Parameter;
using wsym::Real;
using wsym::Shape;
using wsym::Tensor;

namespace {
template <Real T> Tensor<T> random_tensor(Shape shape, const Key& key) {
  Tensor<T> tensor(shape);
  for (Index i = 0; i < tensor.size(); ++i) tensor[i] = static_cast<T>(key.normal(i));
  return tensor;
}

template <Real T> struct Layer {
  Layer(Index out, Index in, Frozen<T> frozen, const Key& key)
      : weight(random_tensor<T>({out, in}, key.child("w")), std::move(frozen)),
        bias(random_tensor<T>({out}, key.child("b"))) {}
  Parameter<T> weight, bias;
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
  }
};

/// Two layers, the first with frozen entries if asked, and a buffer.
template <Real T> struct Net {
  explicit Net(const Key& key, Frozen<T> frozen = {}) : shift(random_tensor<T>({3}, key)) {
    layers.emplace_back(4, 3, std::move(frozen), key.child(0));
    layers.emplace_back(2, 4, Frozen<T>{}, key.child(1));
  }
  std::vector<Layer<T>> layers;
  Tensor<T> shift;
  static void visit(auto& self, auto&& v) {
    v("layers", self.layers);
    v("shift", self.shift);
  }
};

template <Real T> Frozen<T> some_frozen() {
  return {{0, 5, 11}, {T(-0.0), std::numeric_limits<T>::infinity(), T(1) / T(3)}};
}

template <Real T> bool same(const Net<T>& a, const Net<T>& b) {
  bool equal = same_bits(a.shift, b.shift);
  for (std::size_t i = 0; i < 2; ++i)
    equal = equal && same_bits(a.layers[i].weight.value(), b.layers[i].weight.value()) &&
            same_bits(a.layers[i].bias.value(), b.layers[i].bias.value()) &&
            a.layers[i].weight.frozen() == b.layers[i].weight.frozen();
  return equal;
}

/// The message of set_weights after `edit` has changed the content of a saved Net<float>; the model must stay as it
/// was.
template <class Edit> std::string load_error(Edit edit) {
  const Net<float> saved(Key(1), some_frozen<float>());
  wsym::safetensors::Content content = wsym::weights_of(saved);
  edit(content);
  Net<float> model(Key(2));
  const Net<float> before = model;
  try {
    wsym::set_weights(model, content, "f");
  } catch (const FormatError& error) {
    CHECK(same(model, before));
    return error.what();
  }
  return "no error";
}

auto& tensor(wsym::safetensors::Content& content, std::string_view name) {
  return *std::find_if(content.tensors.begin(), content.tensors.end(), [&](const auto& t) { return t.name == name; });
}
}  // namespace

TEST_CASE_TEMPLATE("weights: a saved model is loaded bit for bit, frozen entries included", T, float, double) {
  const ScratchFolder folder;
  const std::string path = folder / "model.safetensors";
  const Net<T> saved(Key(1), some_frozen<T>());
  wsym::save(saved, path, {{"epoch", "7"}});
  Net<T> loaded(Key(2));
  const auto metadata = wsym::load(loaded, path);
  CHECK(same(loaded, saved));
  CHECK(loaded.layers[0].weight.frozen() == some_frozen<T>());
  CHECK(metadata == wsym::safetensors::Metadata{{"epoch", "7"}});
  loaded.layers[0].weight.change([](std::span<T> values) { std::fill(values.begin(), values.end(), T(9)); });
  CHECK(loaded.layers[0].weight.value()[11] == T(1) / T(3));
  CHECK(wsym::to_bytes(saved, metadata) == wsym::read_file(path));
  CHECK(folder.entries() == 1);
}

TEST_CASE("weights: loading takes the file's frozen entries, also when it has none") {
  const Net<float> plain(Key(1));
  Net<float> model(Key(2), some_frozen<float>());
  wsym::from_bytes(model, wsym::to_bytes(plain));
  CHECK(same(model, plain));
  CHECK(model.layers[0].weight.frozen().size() == 0);
}

TEST_CASE("weights: names are the dotted names of visit, with companions for frozen entries") {
  const Net<float> model(Key(1), some_frozen<float>());
  const std::vector<Net<float>> members{model};
  std::string names;
  for (const auto& tensor : wsym::weights_of(members).tensors) names += tensor.name + ' ';
  CHECK(names ==
        "0.layers.0.weight 0.layers.0.weight.frozen 0.layers.0.bias 0.layers.1.weight 0.layers.1.bias 0.shift ");
}

TEST_CASE("weights: an ensemble is one file") {
  const std::vector<Net<double>> members{Net<double>(Key(1), some_frozen<double>()), Net<double>(Key(2))};
  std::vector<Net<double>> loaded{Net<double>(Key(3)), Net<double>(Key(4))};
  wsym::from_bytes(loaded, wsym::to_bytes(members));
  CHECK(same(loaded[0], members[0]));
  CHECK(same(loaded[1], members[1]));
}

TEST_CASE("weights: a file that does not fit the model is refused by name and changes nothing") {
  CHECK(load_error([](auto&) {}) == "no error");
  CHECK(load_error([](auto& content) { content.metadata.clear(); }) == "no error");
  CHECK(load_error([](auto& content) { content.tensors.pop_back(); }) ==
        "f: tensor 'shift' is missing; the model needs it as F32 (3)");
  CHECK(load_error([](auto& content) {
          content.tensors.push_back(content.tensors[0]), content.tensors.back().name = "x";
        }) == "f: tensor 'x' is unexpected; the model has none");
  CHECK(load_error([](auto& content) {
          tensor(content, "layers.1.weight").shape = Shape{4, 2};
        }) == "f: tensor 'layers.1.weight' is F32 (4, 2); the model needs F32 (2, 4)");
  CHECK(load_error([](auto& content) { tensor(content, "shift").dtype = wsym::safetensors::Dtype::i32; }) ==
        "f: tensor 'shift' is I32 (3); the model needs F32 (3)");
  CHECK(load_error([](auto& content) { tensor(content, "layers.0.bias").name = "layers.1.weight.frozen"; }) ==
        "f: tensor 'layers.0.bias' is missing; the model needs it as F32 (4)");
  CHECK(load_error([](auto& content) { content.metadata[0].second = "2"; }) ==
        "f: weights of format 2; this version reads 1");
}

TEST_CASE("weights: frozen positions that cannot be are refused by name and change nothing") {
  const auto with = [](const std::vector<Index>& positions, Shape shape) {
    return load_error([&](auto& content) {
      tensor(content, "layers.0.weight.frozen") = {"layers.0.weight.frozen", shape, std::span(positions)};
    });
  };
  CHECK(with({0, 11}, {2}) == "no error");
  CHECK(with({}, {0}) == "no error");
  CHECK(with({0, 12}, {2}) ==
        "f: tensor 'layers.0.weight.frozen' has position 12 after 0; positions ascend and stay below 12");
  CHECK(with({3, 3}, {2}) ==
        "f: tensor 'layers.0.weight.frozen' has position 3 after 3; positions ascend and stay below 12");
  CHECK(with({-1}, {1}) ==
        "f: tensor 'layers.0.weight.frozen' has position -1 after -1; positions ascend and stay below 12");
  CHECK(with({1, 2}, {1, 2}) ==
        "f: tensor 'layers.0.weight.frozen' is I64 (1, 2); the positions of frozen entries are I64 of one axis");
}

TEST_CASE("weights: double weights do not slip into a float model") {
  Net<float> model(Key(1));
  const std::string bytes = wsym::to_bytes(Net<double>(Key(1)));
  CHECK_THROWS_WITH_AS(wsym::from_bytes(model, bytes, "f"),
                       "f: tensor 'layers.0.weight' is F64 (4, 3); the model needs F32 (4, 3)", FormatError);
}

TEST_CASE("weights: a failed save leaves the old file, a failed load the old model") {
  const ScratchFolder folder;
  const std::string path = folder / "model.safetensors";
  const Net<float> first(Key(1));
  Net<float> model(Key(2));
  wsym::save(first, path);
  CHECK_THROWS_AS(wsym::save(model, path, {{"k", "a"}, {"k", "b"}}), wsym::Error);
  CHECK_THROWS_AS(wsym::save(model, "/dev/full"), wsym::Error);
  CHECK(wsym::read_file(path) == wsym::to_bytes(first));
  wsym::write_file_atomically(path, wsym::to_bytes(first).substr(0, 400));
  const Net<float> before = model;
  CHECK_THROWS_AS(wsym::load(model, path), FormatError);
  CHECK(same(model, before));
  CHECK_THROWS_WITH_AS(wsym::load(model, folder / "none"),
                       ("cannot open '" + folder / "none" + "': No such file or directory").c_str(), wsym::Error);
}
