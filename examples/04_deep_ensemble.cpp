// SPDX-License-Identifier: MIT
// Sixteen networks on digits, alone and together: what the ensemble gains, where it comes from, and what it does not
// know.
#include <cstdio>
#include <wsym/wsym.hpp>

using namespace wsym;

int main() {
  TableSchema schema;
  for (int i = 0; i < 64; ++i) schema.columns.push_back({.name = "pixel " + std::to_string(i)});
  schema.columns.push_back({.name = "digit", .kind = ColumnKind::target_class});
  const Table table = read_table(WSYM_DIGITS, schema);
  const Key key(1);
  const Split parts = stratified_split(table.target().codes, 10, key.child("split"));
  const Preprocessor fitted = Preprocessor::fit(table, parts.train);
  const auto train = fitted.dataset<float>(table, parts.train), valid = fitted.dataset<float>(table, parts.valid),
             test = fitted.dataset<float>(table, parts.test);

  // Member i follows from its key alone: the same network on any number of threads, whichever others are trained.
  auto members = train_members(16, {.threads = available_threads()}, [&](Index i) {
    const Key own = key.child("member").child(i);
    Mlp<float> model({.in = 64, .hidden = 32, .out = 10}, own.child("init"));
    const FitReport report =
        fit(model, AdamW<float>(), train, valid, {.epochs = 60, .batch_size = 64}, own.child("fit"));
    return TrainedMember<Mlp<float>>{std::move(model), report};
  });
  const auto ensemble = make_ensemble(std::move(members), train.task);
  const std::vector<Tensor<float>> answers = predict_members(ensemble, test.x);  // logits of each member
  const Tensor<float> together = predict(ensemble, test.x);

  double alone = 0, nll = 0;
  for (const Tensor<float>& one : answers) {
    alone += accuracy(one, test.labels) / 16;
    nll += nll_from_logits(one, test.labels) / 16;
  }
  std::printf("one network on average: accuracy %.4f, nll %.4f\n", alone, nll);
  std::printf("the ensemble of 16:     accuracy %.4f, nll %.4f\n", accuracy(together, test.labels),
              nll_from_logits(together, test.labels));
  std::printf("two networks name different digits in %.1f %% of the images\n",
              100 * disagreement(std::span<const Tensor<float>>(answers)));

  // The images on which the members disagree most are those that the ensemble gets wrong.
  const std::vector<std::int32_t> named = argmax(together);
  Index wrong[2] = {0, 0}, images[2] = {0, 0};
  for (std::size_t i = 0; i < named.size(); ++i) {
    bool unanimous = true;
    for (const Tensor<float>& one : answers) unanimous = unanimous && argmax(one)[i] == named[i];
    ++images[unanimous];
    wrong[unanimous] += named[i] != test.labels[i];
  }
  std::printf("unanimous on %td images, %td of them wrong; divided on %td, %td of them wrong\n", images[1], wrong[1],
              images[0], wrong[0]);
}
