// SPDX-License-Identifier: MIT
// From a CSV file to class probabilities that can be trusted: 1,797 images of digits, one network.
#include <cstdio>
#include <wsym/wsym.hpp>

using namespace wsym;

int main() {
  // What the columns hold: 64 pixels, then the digit. The file has no line of names.
  TableSchema schema;
  for (int i = 0; i < 64; ++i) schema.columns.push_back({.name = "pixel " + std::to_string(i)});
  schema.columns.push_back({.name = "digit", .kind = ColumnKind::target_class});
  const Table table = read_table(WSYM_DIGITS, schema);

  // 64 % to train on, 16 % to say when to stop, 20 % to test; each part has its share of every class.
  const Key key(1);
  const Column& digit = table.target();
  const Split parts = stratified_split(digit.codes, static_cast<Index>(digit.vocabulary.size()), key.child("split"));
  const Preprocessor fitted = Preprocessor::fit(table, parts.train);  // learns from the training rows alone
  const auto train = fitted.dataset<float>(table, parts.train), valid = fitted.dataset<float>(table, parts.valid),
             test = fitted.dataset<float>(table, parts.test);

  Mlp<float> model({.in = train.features(), .hidden = 64, .out = train.task.outputs}, key.child("init"));
  const FitOptions options{.epochs = 100, .patience = 16, .batch_size = 64};
  const FitReport report =
      fit(model, AdamW<float>(), train, valid, options, key.child("fit"), [](const EpochReport& e) {
        if (e.epoch % 10 == 0)
          std::printf("epoch %3td: %.4f in training, %.4f in validation\n", e.epoch, e.train_loss, e.valid_loss);
        return true;  // false would stop
      });
  std::printf("the best of %td epochs is %td\n", report.epochs_run, report.best_epoch);

  // The network's logits are divided by the temperature that makes the validation rows most likely.
  const Tensor<float> logits = predict(model, test.x, 10);
  const double t = fit_temperature(predict(model, valid.x, 10), valid.labels);
  const auto say = [&](const char* what, const Tensor<float>& z) {
    std::printf("%-22s accuracy %.3f, nll %.4f, calibration error %.4f\n", what, accuracy(z, test.labels),
                nll_from_logits(z, test.labels), ece_from_logits(z, test.labels));
  };
  say("as trained:", logits);
  say(("at temperature " + std::to_string(t).substr(0, 4) + ":").c_str(), with_temperature(logits, t));
}
