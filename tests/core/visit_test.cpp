// SPDX-License-Identifier: MIT
#include "wsym/core/visit.hpp"

#include "support.hpp"

using namespace wsym;

namespace {
template <Real T> struct Layer {
  Parameter<T> weight{Tensor<T>(Shape{2, 3})};
  Tensor<T> mean{Shape{3}};
  static void visit(auto& self, auto&& v) {
    v("weight", self.weight);
    v("mean", self.mean);
  }
};
template <Real T> struct Model {
  std::vector<Layer<T>> layers = std::vector<Layer<T>>(2);
  std::array<Parameter<T>, 2> gates{Parameter<T>(Tensor<T>(Shape{1})), Parameter<T>(Tensor<T>(Shape{4}))};
  std::optional<Layer<T>> head;
  std::optional<Parameter<T>> bias;
  static void visit(auto& self, auto&& v) {
    v("layers", self.layers);
    v("gates", self.gates);
    v("head", self.head);
    v("bias", self.bias);
  }
};
enum class Colour { red, green };
constexpr auto names(Colour) {
  return std::array{"red", "green"};
}
struct Options {
  double rate = 0.25;
  std::vector<Index> sizes{3, 1};
  static void visit(auto& self, auto&& v) {
    v("rate", self.rate);
    v("sizes", self.sizes);
  }
};
/// Settings of each kind, beside a tensor and below a module.
struct Chosen {
  Tensor<float> shift{Shape{1}};
  Index choices = 2;
  bool relu = false;
  Colour colour = Colour::green;
  std::optional<float> limit;
  Options options;
  static void visit(auto& self, auto&& v) {
    v("choices", self.choices);
    v("shift", self.shift);
    v("relu", self.relu);
    v("colour", self.colour);
    v("limit", self.limit);
    v("options", self.options);
  }
};
using Names = std::vector<std::string>;

template <class M> Names names(M& model) {
  Names all;
  for_each_member(model, [&](const std::string& name, auto&) { all.push_back(name); });
  return all;
}
}  // namespace

TEST_CASE_TEMPLATE("for_each_member: parameters and buffers in visit order, under dotted names", T, float, double) {
  Model<T> model;
  const Names body{"layers.0.weight", "layers.0.mean", "layers.1.weight", "layers.1.mean", "gates.0", "gates.1"};
  CHECK(names(model) == body);
  CHECK(names(std::as_const(model)) == body);
  model.head.emplace();
  model.bias.emplace(Tensor<T>(Shape{1}));
  Names whole = body;
  whole.insert(whole.end(), {"head.weight", "head.mean", "bias"});
  CHECK(names(model) == whole);
}

TEST_CASE_TEMPLATE("for_each_member: a model may be a list of modules", T, float, double) {
  std::vector<Model<T>> models(2);
  const Names all = names(models);
  CHECK(all.size() == 12);
  CHECK(all[0] == "0.layers.0.weight");
  CHECK(all[11] == "1.gates.1");
  std::vector<Parameter<T>> parameters(2);
  CHECK(names(parameters) == Names{"0", "1"});
}

TEST_CASE_TEMPLATE("for_each_named_parameter, for_each_parameter: the same members without the buffers", T, float,
                   double) {
  Model<T> model;
  Names all;
  std::vector<const Parameter<T>*> named, unnamed;
  for_each_named_parameter(model, [&](const std::string& name, Parameter<T>& parameter) {
    all.push_back(name);
    named.push_back(&parameter);
  });
  for_each_parameter(std::as_const(model), [&](const Parameter<T>& parameter) { unnamed.push_back(&parameter); });
  CHECK(all == Names{"layers.0.weight", "layers.1.weight", "gates.0", "gates.1"});
  CHECK(named == unnamed);
  CHECK(named[1] == &model.layers[1].weight);
}

TEST_CASE_TEMPLATE("for_each_parameter: gives the members themselves and allocates nothing", T, float, double) {
  Model<T> model;
  Index size = 0;
  const Index before = test::allocations();
  for_each_parameter(model, [&](Parameter<T>& parameter) {
    size += parameter.size();
    parameter.change([](std::span<T> values) { values[0] = 3; });
  });
  CHECK(test::allocations() == before);
  CHECK(size == 6 + 6 + 1 + 4);
  CHECK(model.layers[1].weight.value()[0] == 3);
}

TEST_CASE("for_each_setting: numbers, bools, enums, lists and optionals of them under dotted names, and nothing else") {
  std::vector<Chosen> models(2);
  models[1].limit = 0.1F;
  models[1].options.rate = std::numeric_limits<double>::infinity();
  std::string text;
  for_each_setting(std::as_const(models), [&](const std::string& name, const auto& setting) {
    text += name + '=' + setting_text(setting) + ' ';
  });
  CHECK(text ==
        "0.choices=2 0.relu=false 0.colour=green 0.limit=none 0.options.rate=0.25 0.options.sizes=[3, 1] "
        "1.choices=2 1.relu=false 1.colour=green 1.limit=0.1 1.options.rate=inf 1.options.sizes=[3, 1] ");
  for_each_setting(models[0], [](const std::string& name, auto& setting) {
    if constexpr (std::same_as<decltype(setting), Index&>)
      if (name == "choices") setting = 7;
  });
  CHECK(models[0].choices == 7);
  CHECK(names(models) == Names{"0.shift", "1.shift"});
  Index parameters = 0;
  for_each_parameter(models, [&](auto&) { ++parameters; });
  CHECK(parameters == 0);
}

TEST_CASE("Module: a struct with a visit, and nothing else") {
  static_assert(Module<Model<float>> && Module<const Layer<double>>);
  static_assert(!Module<Parameter<float>> && !Module<Tensor<float>> && !Module<int>);
}
