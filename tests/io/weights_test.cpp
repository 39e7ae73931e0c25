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

template <Real T> Frozen<T> some_frozen(T second = 2) {
  return {{0, 5, 11}, {T(-0.0), second, T(1) / T(3)}};
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
  const auto frozen = some_frozen<T>(std::numeric_limits<T>::infinity());
  const Net<T> saved(Key(1), frozen);
  wsym::save(saved, path, {{"epoch", "7"}});
  Net<T> loaded(Key(2));
  CHECK_THROWS_WITH_AS(
      wsym::load(loaded, path),
      (path + ": tensor 'layers.0.weight' has inf at position 5; NotFinite::accept loads it as it is").c_str(),
      FormatError);
  const auto metadata = wsym::load(loaded, path, wsym::NotFinite::accept);
  CHECK(same(loaded, saved));
  CHECK(loaded.layers[0].weight.frozen() == frozen);
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
  CHECK(load_error([](auto& content) { content.metadata[0].second = "3"; }) ==
        "f: weights of format 3; this version reads up to 2");
  CHECK(load_error([](auto& content) { content.metadata[0].second = "x"; }) ==
        "f: weights of format 'x'; a number is needed");
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

namespace {
enum class Shade { dark, light };
constexpr auto names(Shade) {
  return std::array{"dark", "light"};
}
/// A user's own module with a setting of each kind.
struct Own {
  static constexpr const char* type_name = "own";
  static constexpr Index heads = 4;
  Parameter<float> weight{Tensor<float>({2, 2}, 1.5F)};
  Index choices = 1;
  double rate = 0.5;
  float limit = 1;
  bool relu = false;
  Shade shade = Shade::dark;
  std::optional<Index> group;
  std::vector<double> scales;
  std::uint64_t seed = 0;
  void check() const { wsym::expect<wsym::ConfigError>(choices >= 1, "Own: ", choices, " choices; 1 is needed"); }
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("choices", self.choices);
    v("rate", self.rate);
    v("limit", self.limit);
    v("relu", self.relu);
    v("shade", self.shade);
    v("group", self.group);
    v("scales", self.scales);
    v("seed", self.seed);
    v("heads", self.heads);
  }
};
struct Twin {
  static constexpr const char* type_name = "twin";
  Parameter<float> weight{Tensor<float>({2, 2})};
  static void visit(auto& self, auto&& v) { v("weight", self.weight); }
};
Own unusual() {
  Own own;
  own.weight = Parameter<float>(Tensor<float>({2, 2}, 0.25F));
  own.choices = -std::numeric_limits<Index>::max();
  own.rate = std::numeric_limits<double>::infinity();
  own.limit = 0.1F;
  own.relu = true;
  own.shade = Shade::light;
  own.group = 3;
  own.scales = {0.1, -std::numeric_limits<double>::infinity()};
  own.seed = std::numeric_limits<std::uint64_t>::max();
  return own;
}
constexpr const char* unusual_settings =
    R"({"choices":-9223372036854775807,"rate":"inf","limit":0.10000000149011612,"relu":true,"shade":"light",)"
    R"("group":3,"scales":[0.1,"-inf"],"seed":18446744073709551615,"heads":4})";

template <class M> std::string settings_text(const M& model) {
  std::string text;
  wsym::for_each_setting(model, [&](const std::string& name, const auto& setting) {
    text += name + '=' + wsym::setting_text(setting) + ' ';
  });
  return text;
}

/// What loading Own from a file with these settings says, or the settings that it has then.
std::string own_from(const std::string& settings, Own model = {}) {
  const Own saved;
  wsym::safetensors::Content content = wsym::weights_of(saved);
  for (auto& [key, value] : content.metadata)
    if (key == "wsym.settings") value = settings;
  const std::string before = settings_text(model);
  try {
    wsym::set_weights(model, content, "f");
  } catch (const FormatError& error) {
    CHECK(settings_text(model) == before);
    return error.what();
  }
  return settings_text(model);
}
}  // namespace

TEST_CASE("weights: settings of every kind are in the file and restored, from the visit of a module alone") {
  Own saved = unusual();
  const auto content = wsym::weights_of(saved);
  REQUIRE(content.find("wsym.settings") != nullptr);
  CHECK(*content.find("wsym.settings") == unusual_settings);
  CHECK(own_from(unusual_settings) == "f: Own: -9223372036854775807 choices; 1 is needed");
  saved.choices = std::numeric_limits<Index>::max();
  Own loaded;
  CHECK(wsym::from_bytes(loaded, wsym::to_bytes(saved, {{"epoch", "3"}})) ==
        wsym::safetensors::Metadata{{"epoch", "3"}});
  CHECK(settings_text(loaded) == settings_text(saved));
  CHECK(same_bits(loaded.weight.value(), saved.weight.value()));
}

TEST_CASE("weights: a setting that the file lacks keeps the model's value") {
  Own model = unusual();
  model.choices = 9;
  CHECK(own_from(R"({"relu":false})", model) ==
        "choices=9 rate=inf limit=0.1 relu=false shade=light group=3 scales=[0.1, -inf] seed=18446744073709551615 "
        "heads=4 ");
  CHECK(own_from(R"({"group":null,"scales":[]})", model).find("group=none scales=[] ") != std::string::npos);
}

TEST_CASE("weights: a setting that cannot be restored is refused by name and changes nothing") {
  CHECK(own_from(R"({"heads":5})") == "f: setting 'heads': 5; the model's is 4 and cannot change");
  CHECK(own_from(R"({"depth":5})") == "f: setting 'depth' is unexpected; the model has none");
  CHECK(own_from(R"({"relu":1})") == "f: setting 'relu': json: value is an integer; it needs to be a boolean");
  CHECK(own_from(R"({"shade":"grey"})") == "f: setting 'shade': 'grey'; dark or light is needed");
  CHECK(own_from(R"({"rate":"infinite"})") == "f: setting 'rate': 'infinite'; a number, inf, -inf or nan is needed");
  CHECK(own_from(R"({"limit":1e300})") == "f: setting 'limit': 1e+300; the model's type cannot hold it");
  CHECK(own_from(R"({"choices":2.5})") ==
        "f: setting 'choices': json: value is a number; it needs to be an integer of 64 bits");
  CHECK(own_from(R"({"seed":-1})") ==
        "f: setting 'seed': json: value is an integer; it needs to be an integer of at least 0");
  CHECK(own_from("[1]") == "f: wsym.settings needs to be an object");
  CHECK(own_from(R"({"choices":0})") == "f: Own: 0 choices; 1 is needed");
}

TEST_CASE("weights: a model of another type is refused by both names") {
  Own model;
  CHECK_THROWS_WITH_AS(wsym::from_bytes(model, wsym::to_bytes(Twin()), "f"),
                       "f: holds a model of type twin; own is needed", FormatError);
}

namespace {
/// Lists in lists, optional members, and a part that is settings alone.
struct Leaf {
  Index size = 0;
  static void visit(auto& self, auto&& v) { v("size", self.size); }
};
struct Tree {
  static constexpr const char* type_name = "tree";
  std::vector<std::vector<Tensor<float>>> branches;
  std::optional<Parameter<double>> root, bark;
  std::vector<Leaf> leaves;
  std::optional<Leaf> fruit;
  static void visit(auto& self, auto&& v) {
    v("branches", self.branches);
    v("root", self.root);
    v("bark", self.bark);
    v("leaves", self.leaves);
    v("fruit", self.fruit);
  }
};
Tree tree() {
  Tree tree;
  for (const Index size : {2, 0, 11})
    for (Index i = 0; i < size; ++i) {
      if (i == 0) tree.branches.emplace_back();
      tree.branches.back().emplace_back(Shape{2, i}, static_cast<float>(size));
    }
  tree.root.emplace(Tensor<double>({3}, 0.5));
  tree.leaves = {{4}, {5}, {6}};
  return tree;
}
}  // namespace

TEST_CASE("model_of: lists, optional members and shapes follow from the names in the file") {
  const Tree saved = tree();
  const std::string bytes = wsym::to_bytes(saved);
  const Tree loaded = wsym::model_of<Tree>(wsym::safetensors::decode(bytes), "f");
  CHECK(wsym::to_bytes(loaded) == bytes);
  CHECK(loaded.branches.size() == 2);
  CHECK(loaded.branches[1].size() == 11);
  CHECK(loaded.root.has_value());
  CHECK(!loaded.bark.has_value());
  CHECK(!loaded.fruit.has_value());
  CHECK(loaded.leaves[2].size == 6);
  const auto nothing = wsym::model_of<Tree>(wsym::safetensors::Content(), "f");
  CHECK(nothing.branches.empty());
}

TEST_CASE("model_of: names that make no such model are refused") {
  const Tree saved = tree();
  auto content = wsym::weights_of(saved);
  tensor(content, "branches.0.1").name = "branches.0.7";  // the list ends after 0
  CHECK_THROWS_WITH_AS(wsym::model_of<Tree>(content, "f"), "f: tensor 'branches.0.7' is unexpected; the model has none",
                       FormatError);
  content = wsym::weights_of(saved);
  tensor(content, "root").name = "root.x";
  CHECK_THROWS_WITH_AS(wsym::model_of<Tree>(content, "f"), "f: tensor 'root' is missing; the model needs it as F64 (0)",
                       FormatError);
}
