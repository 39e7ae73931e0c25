// SPDX-License-Identifier: MIT
// Prints every metric of fixed predictions, in all its bits: metric_bits.sh compares what differently built ones print.
#include <cstdio>

#include "wsym/core/random.hpp"
#include "wsym/metrics/calibration.hpp"
#include "wsym/metrics/diversity.hpp"
#include "wsym/metrics/ood.hpp"
#include "wsym/metrics/regression.hpp"
#include "wsym/metrics/statistics.hpp"
#include "wsym/metrics/temperature.hpp"

using namespace wsym;

namespace {
void show(const char* what, double number) {
  std::printf("%s %a\n", what, number);
}

/// Uniform numbers alone: the other distributions ask the mathematical library.
template <Real T> Tensor<T> numbers(Shape shape, const Key& key) {
  Tensor<T> x(shape);
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<T>(kernels::portable::product(12, key.uniform(i)) - 6);
  return x;
}

template <Real T> void show_all(const char* precision) {
  std::printf("%s\n", precision);
  const Shape shape{400, 7};
  const std::vector<Tensor<T>> members{numbers<T>(shape, Key(1)), numbers<T>(shape, Key(2)), numbers<T>(shape, Key(3))};
  const Tensor<T>&a = members[0], &b = members[1];
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < shape[0]; ++i) labels.push_back(static_cast<std::int32_t>(i * i % shape[1]));
  Tensor<T> probabilities(shape);
  for (Index i = 0; i < a.size(); ++i) probabilities[i] = (a[i] + T(7)) / T(14);
  show("accuracy", accuracy<T>(a, labels));
  show("nll", nll_from_logits<T>(a, labels));
  show("nll of probabilities", nll_from_probabilities<T>(probabilities, labels));
  show("brier", brier_from_logits<T>(a, labels));
  show("ece", ece_from_logits<T>(a, labels));
  show("temperature", fit_temperature<T>(a, labels));
  const Tensor<T> mean = log_mean_probabilities<T>(members);
  show("nll of the mean", nll_from_logits<T>(mean, labels));
  const Detection detected = detection(confidences(a), confidences(b));
  show("auroc", detected.auroc), show("aupr", detected.aupr), show("fpr95", detected.fpr95);
  show("kl", mean_kl<T>(members, KlKind::symmetric));
  show("cosine", cosine_similarity<T>(members));
  show("normalised disagreement", normalised_disagreement<T>(members, labels));
  show("mse", mse(a, b)), show("rmse", rmse(a, b)), show("mae", mae(a, b)), show("r2", r2(a, b));
  for (const LossParts& parts : {ambiguity<T>(members, a), logit_averaging<T>(members, labels)})
    show("ensemble", parts.ensemble), show("member", parts.mean_member), show("diversity", parts.diversity);
}
}  // namespace

int main() {
  show_all<float>("float");
  show_all<double>("double");
  const Tensor<double> x = numbers<double>({12}, Key(4));
  const Summary s = summarise(x.span());
  show("mean", s.mean), show("sd", s.sd), show("population sd", s.population_sd), show("error", s.standard_error);
  for (const Index degrees : {1, 2, 5, 8, 30, 101})
    for (const double level : {0.5, 0.95, 0.999}) show("half width", student_half_width(level, degrees));
  const Interval interval = mean_interval(x.span());
  show("low", interval.low), show("high", interval.high);
  show("p", sign_flip_p_value(x.span()));
  show("improvement", improvement_percent(x[0], x[1], Better::lower));
}
