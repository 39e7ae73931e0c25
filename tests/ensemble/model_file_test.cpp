// SPDX-License-Identifier: MIT
#include "wsym/ensemble/model_file.hpp"

#include <doctest/doctest.h>

#include "data/small_table.hpp"
#include "io/scratch_folder.hpp"
#include "wsym/nn/experts/dense_moe.hpp"
#include "wsym/nn/experts/gate.hpp"
#include "wsym/nn/experts/soft_moe.hpp"
#include "wsym/nn/members/tabm.hpp"

using namespace wsym;
using test::labelled_table;

namespace {

const std::vector<Index> rows{0, 1, 2, 3};

/// One plain and two W-asymmetric networks.
template <Real T> ServedModel<Mlp<T>> model(Average average) {
  ServedModel<Mlp<T>> served{{{}, {TaskKind::classification, 2}, average}, Preprocessor::fit(labelled_table(), rows)};
  const MlpSize size{served.preprocessor.features(), 5, 2};
  served.ensemble.members = {Mlp<T>(size, Key(1)), Mlp<T>(size, WAsymmetry{.mask = Key(9)}, Key(2)),
                             Mlp<T>(size, WAsymmetry{.mask = Key(8), .n_fix = {1, 1, 1, 1}}, Key(3))};
  return served;
}

}  // namespace

TEST_CASE_TEMPLATE("model_file: a reloaded ensemble predicts the same bits from the same rows", T, float, double) {
  for (const Average average : {Average::logits, Average::probabilities}) {
    const ScratchFolder folder;
    const ServedModel<Mlp<T>> saved = model<T>(average);
    save_model(saved, folder / "model");
    const auto loaded = load_model<Mlp<T>>(folder / "model");
    CHECK(same_bits(predict<T>(loaded, labelled_table(), rows), predict<T>(saved, labelled_table(), rows)));
    CHECK(loaded.preprocessor == saved.preprocessor);
    CHECK(loaded.ensemble.task == saved.ensemble.task);
    CHECK(loaded.ensemble.average == average);
    REQUIRE(loaded.ensemble.members.size() == 3);
    for (std::size_t m = 0; m < 3; ++m)
      for (std::size_t l = 0; l < 4; ++l)
        CHECK(loaded.ensemble.members[m].layers[l].weight.frozen() ==
              saved.ensemble.members[m].layers[l].weight.frozen());
  }
}

TEST_CASE_TEMPLATE("model_file: its members are those of its networks, and their mean is its prediction", T, float,
                   double) {
  ServedModel<TabM<T>> served{{{}, {TaskKind::classification, 2}}, Preprocessor::fit(labelled_table(), rows)};
  for (const Index members : {3, 2})
    served.ensemble.members.emplace_back(
        TabMSize{.mlp = {.in = served.preprocessor.features(), .hidden = 5, .out = 2}, .members = members},
        Key(1).child(members));
  const std::vector<Tensor<T>> members = predict_members<T>(served, labelled_table(), rows);
  REQUIRE(members.size() == 5);
  const Tensor<T> y = predict<T>(served, labelled_table(), rows);
  for (Index i = 0; i < y.size(); ++i) {
    double mean = 0;
    for (const Tensor<T>& member : members) mean += static_cast<double>(member[i]) / 5;
    CHECK(static_cast<double>(y[i]) == doctest::Approx(mean).epsilon(1e-6));
  }
}

TEST_CASE_TEMPLATE("model_file: numbers come in the unit of the table, of members and of their mean", T, float,
                   double) {
  Table prices = labelled_table();
  prices.columns[2] = {.name = "price", .kind = ColumnKind::target_number, .numbers = {1000, 1001, 1004, 1005}};
  for (const bool scaled : {false, true}) {
    ServedModel<Mlp<T>> served{{{}, {TaskKind::regression, 1}}, Preprocessor::fit(prices, rows, {.target = scaled})};
    const double mean = served.preprocessor.target_mean, sd = served.preprocessor.target_sd;
    CHECK(mean == (scaled ? 1002.5 : 0));
    for (const int m : {1, 2})
      served.ensemble.members.emplace_back(MlpSize{served.preprocessor.features(), 5, 1}, Key(1).child(m));
    const Tensor<T> x = served.preprocessor.template transform<T>(prices, rows);
    const std::vector<Tensor<T>> raw = predict_members(served.ensemble, x),
                                 members = predict_members<T>(served, prices, rows);
    const Tensor<T> y = predict<T>(served, prices, rows), raw_mean = predict(served.ensemble, x);
    REQUIRE(members.size() == 2);
    for (Index i = 0; i < 4; ++i) {
      CHECK(y[i] == static_cast<T>(std::fma(static_cast<double>(raw_mean[i]), sd, mean)));
      for (std::size_t m = 0; m < 2; ++m)
        CHECK(members[m][i] == static_cast<T>(std::fma(static_cast<double>(raw[m][i]), sd, mean)));
    }
  }
}

TEST_CASE("model_file: networks without parameters are not saved, and groups are tried whole") {
  const ScratchFolder folder;
  ServedModel<Mlp<float>> empty = model<float>(Average::logits);
  empty.ensemble.members = {Mlp<float>()};
  const std::string path = folder / "model";
  CHECK_THROWS_WITH_AS(
      save_model(empty, path),
      (path + ": the networks do not fit the preprocessor and the task: they have no parameters").c_str(), ConfigError);
  empty.ensemble.members.push_back(model<float>(Average::logits).ensemble.members[0]);
  CHECK_THROWS_WITH_AS(save_model(empty, path),
                       (path + ": the networks do not fit the preprocessor and the task: Mlp: it has no layers; a "
                               "default network or one that was moved from is empty")
                           .c_str(),
                       ConfigError);
  ServedModel<SoftMoe<float>> grouped{{{}, {TaskKind::classification, 2}}, Preprocessor::fit(labelled_table(), rows)};
  grouped.ensemble.members.emplace_back(2, MlpSize{.in = grouped.preprocessor.features(), .hidden = 5, .out = 2}, 1, 2,
                                        Key(1));
  save_model(grouped, path);
  CHECK(same_bits(predict<float>(load_model<SoftMoe<float>>(path), labelled_table(), rows),
                  predict<float>(grouped, labelled_table(), rows)));
}

TEST_CASE("model_file: saving twice gives the same bytes") {
  const ScratchFolder folder;
  save_model(model<float>(Average::logits), folder / "a");
  save_model(model<float>(Average::logits), folder / "b");
  CHECK(read_file(folder / "a") == read_file(folder / "b"));
}

TEST_CASE_TEMPLATE("model_file: calibration and provenance are in the file", T, float, double) {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  ServedModel<Mlp<T>> saved = model<T>(Average::logits);
  CHECK(saved.provenance.version == WSYM_VERSION);
  saved.temperature = 1.0 / 3;
  saved.provenance = {.version = "9.9.9", .command = "train 'a b'", .data_hash = "00ff", .commit = "b4bdb2d"};
  save_model(saved, path);
  const auto loaded = load_model<Mlp<T>>(path);
  CHECK(loaded.temperature == saved.temperature);
  CHECK(loaded.provenance == saved.provenance);
  CHECK(same_bits(predict<T>(loaded, labelled_table(), rows), predict<T>(saved, labelled_table(), rows)));
}

TEST_CASE_TEMPLATE("model_file: the temperature divides logits, and probabilities become those of divided logits", T,
                   float, double) {
  ServedModel<Mlp<T>> served = model<T>(Average::logits);
  const Tensor<T> logits = predict<T>(served, labelled_table(), rows);
  served.temperature = 0.125;
  const Tensor<T> divided = predict<T>(served, labelled_table(), rows);
  for (Index i = 0; i < logits.size(); ++i) CHECK(divided[i] == logits[i] * 8);
  served.ensemble.members.resize(1);
  served.temperature = 1;
  served.ensemble.average = Average::probabilities;
  const Tensor<T> p = predict<T>(served, labelled_table(), rows);
  served.temperature = 1e-3;  // 1000th powers of probabilities vanish in T
  const Tensor<T> sharp = predict<T>(served, labelled_table(), rows);
  served.temperature = 2;
  const Tensor<T> flat = predict<T>(served, labelled_table(), rows);
  for (Index i = 0; i < 4; ++i) {
    const double a = std::sqrt(static_cast<double>(p(i, 0))), b = std::sqrt(static_cast<double>(p(i, 1)));
    CHECK(static_cast<double>(flat(i, 0)) == doctest::Approx(a / (a + b)).epsilon(1e-6));
    CHECK(static_cast<double>(sharp(i, 0) + sharp(i, 1)) == doctest::Approx(1));
  }
}

TEST_CASE("model_file: the schema is in the file, so a table is read from the file alone, columns in any order") {
  const ScratchFolder folder;
  const std::string path = folder / "model", csv = folder / "rows.csv";
  ServedModel<Mlp<float>> saved = model<float>(Average::logits);
  saved.schema = TableSchema{.columns = {{.name = "x"},
                                         {.name = "colour",
                                          .kind = ColumnKind::category,
                                          .vocabulary = {"red", "green", "blue"},
                                          .missing = {"", "?"}},
                                         {.name = "y", .kind = ColumnKind::target_class, .vocabulary = {"no", "yes"}}},
                             .header = true};
  save_model(saved, path);
  const auto loaded = load_model<Mlp<float>>(path);
  REQUIRE(loaded.schema.has_value());
  CHECK(*loaded.schema == *saved.schema);
  write_file_atomically(csv, "other,colour,x\n7,red,1\n7,blue,2\n7,green,3\n7,blue,4.5\n");
  CHECK(same_bits(predict<float>(loaded, read_rows(loaded, csv), rows), predict<float>(saved, labelled_table(), rows)));
  CHECK_THROWS_WITH_AS(read_rows(model<float>(Average::logits), csv),
                       (csv + ": the model has no schema that says how to read it").c_str(), ConfigError);
  saved.schema->columns[1].kind = ColumnKind::identifier;
  CHECK_THROWS_WITH_AS(
      save_model(saved, path),
      (path + ": input_schema: the schema has no column 'colour' of the kind it was fitted on").c_str(), ConfigError);
}

namespace {
/// A module of a user's own, with a setting, a type argument and a name.
template <Real T> struct Scaled {
  static constexpr const char* type_name = "scaled";
  Linear<T> linear;
  double factor = 1;
  Var<T> operator()(Var<T> x, const Pass<T>& pass) const { return scale(linear(x, pass), static_cast<T>(factor)); }
  static void visit(auto& self, auto&& v) {
    v("linear", self.linear);
    v("factor", self.factor);
  }
};

template <class M> ServedModel<M> served(M network) {
  ServedModel<M> model{{{std::move(network)}, {TaskKind::classification, 2}},
                       Preprocessor::fit(labelled_table(), rows)};
  return model;
}
template <class M> void check_any(const M& network, const std::string& path) {
  CAPTURE(type_name<M>());
  const ServedModel<M> saved = served(network);
  save_model(saved, path);
  const auto any = load_any_model<Mlp<float>, Mlp<double>, TabM<float>, MixtureOfExperts<float>, Scaled<float>>(path);
  REQUIRE(std::holds_alternative<ServedModel<M>>(any));
  CHECK(same_bits(predict<float>(std::get<ServedModel<M>>(any), labelled_table(), rows),
                  predict<float>(saved, labelled_table(), rows)));
}
}  // namespace

TEST_CASE("model_file: any type of a list is loaded by the name in the file, a user's own too") {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  const MlpSize size{4, 5, 2, 1};
  check_any(Mlp<float>(size, Key(1)), path);
  check_any(MixtureOfExperts<float>(3, size, {.kind = GateKind::gumbel, .temperature = 0.3, .samples = 2}, Key(1)),
            path);
  check_any(Scaled<float>{Linear<float>(4, 2, Key(1)), 2.5}, path);
  CHECK_THROWS_WITH_AS((load_any_model<Mlp<float>, Scaled<double>>(path)),
                       (path + ": holds a model of type deep_ensemble<scaled<float>>; the types at hand are "
                               "deep_ensemble<mlp<float>>, deep_ensemble<scaled<double>>")
                           .c_str(),
                       FormatError);
  save(Mlp<float>(size, Key(1)), path);
  CHECK_THROWS_WITH_AS(load_any_model<Mlp<float>>(path),
                       (path + ": no model; a file of save_model() has the metadata 'wsym.model'").c_str(),
                       FormatError);
}

TEST_CASE("model_file: a file of another kind, of another number type, or cut short is refused by name") {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  save(Linear<float>(2, 3, Key(1)), path);
  CHECK_THROWS_WITH_AS(load_model<Mlp<float>>(path),
                       (path + ": no model; a file of save_model() has the metadata 'wsym.model'").c_str(),
                       FormatError);
  save_model(model<float>(Average::logits), path);
  CHECK_THROWS_WITH_AS(
      load_model<Mlp<double>>(path),
      (path + ": holds a model of type deep_ensemble<mlp<float>>; deep_ensemble<mlp<double>> is needed").c_str(),
      FormatError);
  const std::string bytes = read_file(path);
  write_file_atomically(path, std::string_view(bytes).substr(0, bytes.size() - 1));
  CHECK_THROWS_AS(load_model<Mlp<float>>(path), FormatError);
  CHECK_THROWS_AS(load_model<Mlp<float>>(folder / "none"), Error);
}

namespace {
/// What loading a served Mlp says after `edit` has changed its content.
template <class Edit> std::string load_error(Edit edit) {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  save_model(model<float>(Average::logits), path);
  const std::string bytes = read_file(path);
  safetensors::Content content = safetensors::decode(bytes);
  edit(content);
  write_file_atomically(path, safetensors::encode(content));
  try {
    load_model<Mlp<float>>(path);
  } catch (const FormatError& error) {
    CHECK(std::string_view(error.what()).starts_with(path + ": "));
    return std::string(error.what()).substr(path.size() + 2);
  }
  return "no error";
}
std::string& text(safetensors::Content& content, std::string_view key) {
  return std::find_if(content.metadata.begin(), content.metadata.end(), [&](auto& m) { return m.first == key; })
      ->second;
}
std::string load_error_with(const char* key, const std::string& from, const std::string& to) {
  return load_error([&](safetensors::Content& content) {
    std::string& value = text(content, key);
    REQUIRE(value.find(from) != std::string::npos);
    value.replace(value.find(from), from.size(), to);
  });
}
safetensors::TensorView& tensor(safetensors::Content& content, std::string_view name) {
  return *std::find_if(content.tensors.begin(), content.tensors.end(), [&](auto& t) { return t.name == name; });
}
}  // namespace

TEST_CASE("model_file: text that contradicts the tensors or itself is refused") {
  CHECK(load_error([](auto&) {}) == "no error");
  CHECK(load_error_with("wsym.weights", "2", "7") == "weights of format 7; this version reads up to 2");
  CHECK(load_error_with("wsym.settings", "\"logits\"", "\"medians\"") ==
        "setting 'average': 'medians'; logits or probabilities is needed");
  CHECK(load_error_with("wsym.settings", "\"outputs\":2", "\"outputs\":4611686018427387904") ==
        "the task is a classification of 4611686018427387904 outputs, but the preprocessor's a classification of 2");
  CHECK(load_error_with("wsym.settings", "classification", "regression") ==
        "the task is a regression of 2 outputs, but the preprocessor's a classification of 2");
  CHECK(load_error_with("wsym.model", "\"temperature\":1.0", "\"temperature\":0") == "temperature 0; it is positive");
  CHECK(load_error_with("wsym.model", "\"mean\":[", "\"mean\":[0,") ==
        "wsym.model: preprocessor: 5 means and 4 sds; the sources have 4 features");
  CHECK(load_error([](auto& content) { content.tensors.clear(); }) == "there are no networks");
}

TEST_CASE("model_file: networks that do not answer the preprocessor's features with the task's outputs are refused") {
  const std::vector<float> zeros(64);
  const auto shaped = [&](const char* name, Shape shape) {
    return load_error([&](safetensors::Content& content) {
      const std::span<const float> values(zeros.data(), static_cast<std::size_t>(shape.size()));
      tensor(content, name) = {name, shape, values};
    });
  };
  const std::string unfit = "the networks do not fit the preprocessor and the task: ";
  CHECK(shaped("members.0.layers.0.weight", {5, 4}) == "no error");
  CHECK(shaped("members.0.layers.0.weight", {5, 3}).starts_with(unfit));
  CHECK(shaped("members.0.layers.1.weight", {6, 5}) ==
        "members.0: Mlp: layer 1 has weight (6, 5) and bias (5); it needs (out, in) and (out)");
  CHECK(shaped("members.0.layers.1.weight", {5, 6}) ==
        "members.0: Mlp: layer 1 has weight (5, 6) but layer 0 gives 5 outputs; it needs as many columns");
  CHECK(shaped("members.0.layers.1.bias", {4}) ==
        "members.0: Mlp: layer 1 has weight (5, 5) and bias (4); it needs (out, in) and (out)");
  CHECK(shaped("members.0.layers.3.bias", {3}) ==
        "members.0: Mlp: layer 3 has weight (2, 5) and bias (3); it needs (out, in) and (out)");
  CHECK(shaped("members.0.layers.3.weight", {3, 5}) ==
        "members.0: Mlp: layer 3 has weight (3, 5) and bias (2); it needs (out, in) and (out)");
}

TEST_CASE("model_file: parts that do not fit together are not saved") {
  const ScratchFolder folder;
  ServedModel<Mlp<float>> wrong = model<float>(Average::logits);
  wrong.ensemble.task.outputs = 3;
  CHECK_THROWS_AS(save_model(wrong, folder / "model"), ConfigError);
  wrong = model<float>(Average::logits);
  wrong.ensemble.members.clear();
  CHECK_THROWS_AS(save_model(wrong, folder / "model"), ConfigError);
  CHECK(folder.entries() == 0);
}

TEST_CASE("model_file: the text of a file of format 1 that contradicts its tensors is refused") {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  const auto with = [&](const char* key, Json value) {
    const ServedModel<Mlp<float>> saved = model<float>(Average::logits);
    Json about = Json::object({{"members", 3},
                               {"task", "classification"},
                               {"outputs", 2},
                               {"average", "logits"},
                               {"preprocessor", to_json(saved.preprocessor)}});
    about[key] = std::move(value);
    safetensors::Content content = weights_of(saved.ensemble);
    content.metadata = {{"wsym.weights", "1"}, {"wsym.model", about.dump()}};
    write_file_atomically(path, safetensors::encode(content));
  };
  with("members", 3);
  CHECK(load_model<Mlp<float>>(path).ensemble.members.size() == 3);
  with("average", "medians");
  CHECK_THROWS_WITH_AS(load_model<Mlp<float>>(path),
                       (path + ": wsym.model: 'medians'; logits or probabilities is needed").c_str(), FormatError);
  with("members", 4000000000);
  CHECK_THROWS_WITH_AS(load_model<Mlp<float>>(path),
                       (path + ": wsym.model: 4000000000 members, but the tensors are of 3").c_str(), FormatError);
}
