// SPDX-License-Identifier: MIT
// One file that holds all that answering needs: networks, columns, scaling, units. And rows answered from it alone.
#include <cstdio>
#include <filesystem>
#include <wsym/wsym.hpp>

using namespace wsym;

int main() {
  const std::string folder =
      std::filesystem::temp_directory_path().string() + "/wsym-serve-" + std::to_string(getpid());
  make_directories(folder);
  const std::string homes = folder + "/homes.csv", rows = folder + "/new.csv", file = folder + "/homes.safetensors";

  std::string text = "rooms,city,price\n";  // a price by the number of rooms and the city, with noise
  for (int i = 0; i < 600; ++i) {
    const int kinds = i % 3, rooms = 1 + i / 3 % 8;
    text += std::to_string(rooms) + "," + std::string{"ABC"[kinds]} + "," +
            std::to_string(50000 * rooms + 80000 * kinds + 10000 * Key(1).normal(i)) + "\n";
  }
  write_file_atomically(homes, text);
  write_file_atomically(rows, "city,year,rooms\nB,1990,3\nC,2020,\nD,2001,8\n");  // other columns, no price

  const TableSchema schema{
      .columns = {{.name = "rooms", .missing = {"", "NA"}},
                  {.name = "city", .kind = ColumnKind::category, .unknown = UnknownCategory::accept},
                  {.name = "price", .kind = ColumnKind::target_number}},
      .header = true};
  const Table table = read_table(homes, schema);
  const Split parts = split(table.rows, Key(2));
  const Preprocessor fitted = Preprocessor::fit(table, parts.train, {.target = true});  // scales the price too
  const auto train = fitted.dataset<float>(table, parts.train), valid = fitted.dataset<float>(table, parts.valid);
  auto members = train_members(8, {.threads = available_threads()}, [&](Index i) {
    Mlp<float> model({.in = train.features(), .hidden = 16, .out = 1}, Key(3).child(i));
    const FitReport report =
        fit(model, AdamW<float>(), train, valid, {.epochs = 200, .batch_size = 32}, Key(4).child(i));
    return TrainedMember<Mlp<float>>{std::move(model), report};
  });
  save_model(ServedModel<Mlp<float>>{make_ensemble(std::move(members), train.task), fitted, schema}, file);

  // Elsewhere, from the file alone. Columns are found by name; what is not known is a missing value.
  const auto served = load_model<Mlp<float>>(file);
  const Table asked = read_rows(served, rows);
  const std::vector<Index> all{0, 1, 2};
  const Tensor<float> price = predict<float>(served, asked, all);
  for (const Index i : all) std::printf("row %td: %.0f\n", i + 1, static_cast<double>(price[i]));

  // One row after the other, at the speed of memory: the same numbers, before the price's scale is undone.
  const RowPredictor<float> fast(served.ensemble);
  const Tensor<float> x = served.preprocessor.transform<float>(asked, all);
  const Tensor<float> slow = predict(served.ensemble, x);
  Tensor<float> y({3, 1});
  Workspace<float> workspace;
  fast(x.mat(), y.mat(), workspace);
  std::printf("by row: %s bits\n", same_bits(y, slow) ? "the same" : "other");
  std::filesystem::remove_all(folder);
}
