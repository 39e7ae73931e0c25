// SPDX-License-Identifier: MIT
#include "wsym/ensemble/model_file.hpp"

#include <doctest/doctest.h>

#include "io/scratch_folder.hpp"

using namespace wsym;

namespace {

const std::vector<Index> rows{0, 1, 2, 3};

/// A number, a category and a class for each of four rows.
Table table() {
  return {.columns = {{.name = "x", .kind = ColumnKind::number, .numbers = {1, 2, 3, 4.5}},
                      {.name = "colour",
                       .kind = ColumnKind::category,
                       .codes = {0, 2, 1, 2},
                       .vocabulary = Vocabulary({"red", "green", "blue"}),
                       .declared = true},
                      {.name = "y",
                       .kind = ColumnKind::target_class,
                       .codes = {0, 1, 1, 0},
                       .vocabulary = Vocabulary({"no", "yes"})}},
          .rows = 4};
}

/// One plain and two W-asymmetric networks.
template <Real T> ServedModel<Mlp<T>> model(Average average) {
  ServedModel<Mlp<T>> served{{{}, {TaskKind::classification, 2}, average}, Preprocessor::fit(table(), rows)};
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
    CHECK(same_bits(predict<T>(loaded, table(), rows), predict<T>(saved, table(), rows)));
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

TEST_CASE("model_file: saving twice gives the same bytes") {
  const ScratchFolder folder;
  save_model(model<float>(Average::logits), folder / "a");
  save_model(model<float>(Average::logits), folder / "b");
  CHECK(read_file(folder / "a") == read_file(folder / "b"));
}

TEST_CASE("model_file: a file of another kind, of another number type, or cut short is refused by name") {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  save(Linear<float>(2, 3, Key(1)), path);
  CHECK_THROWS_WITH_AS(load_model<Mlp<float>>(path),
                       (path + ": no model; a file of save_model() has the metadata 'wsym.model'").c_str(),
                       FormatError);
  save_model(model<float>(Average::logits), path);
  CHECK_THROWS_WITH_AS(load_model<Mlp<double>>(path),
                       doctest::Contains("tensor 'members.0.layers.0.weight' is F32 (5, 4); the model needs F64"),
                       FormatError);
  const std::string bytes = read_file(path);
  write_file_atomically(path, std::string_view(bytes).substr(0, bytes.size() - 1));
  CHECK_THROWS_AS(load_model<Mlp<float>>(path), FormatError);
  CHECK_THROWS_AS(load_model<Mlp<float>>(folder / "none"), Error);
}

TEST_CASE("model_file: text that contradicts the tensors is refused before anything is built") {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  const ServedModel<Mlp<float>> saved = model<float>(Average::logits);
  const auto with = [&](const char* key, Json value) {
    Json about = Json::object({{"members", 3},
                               {"task", "classification"},
                               {"outputs", 2},
                               {"average", "logits"},
                               {"preprocessor", to_json(saved.preprocessor)}});
    about[key] = std::move(value);
    save(saved.ensemble, path, {{"wsym.model", about.dump()}});
  };
  with("average", "medians");
  CHECK_THROWS_WITH_AS(load_model<Mlp<float>>(path),
                       (path + ": average is 'medians'; logits or probabilities is needed").c_str(), FormatError);
  with("members", 4000000000);
  CHECK_THROWS_WITH_AS(load_model<Mlp<float>>(path), doctest::Contains(": 4000000000 members, but "), FormatError);
  with("members", 4);
  CHECK_THROWS_WITH_AS(load_model<Mlp<float>>(path),
                       (path + ": tensor 'members.3.layers.0.weight' or its bias is missing").c_str(), FormatError);
  with("members", 2);
  CHECK_THROWS_WITH_AS(load_model<Mlp<float>>(path), doctest::Contains("is unexpected; the model has none"),
                       FormatError);
}
