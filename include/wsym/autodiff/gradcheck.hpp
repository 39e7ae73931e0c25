// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "wsym/autodiff/tape.hpp"
#include "wsym/core/random.hpp"
#include "wsym/core/visit.hpp"

namespace wsym::inline WSYM_SIMD {

struct GradcheckOptions {
  double step = 1e-5;       // times max(1, |x|)
  double tolerance = 1e-6;  // on |numeric - analytic| / max(1, |numeric|, |analytic|)
};

/// What a gradcheck found; converts to true when every entry agrees.
struct GradcheckReport {
  std::string message;  // the first entry that disagrees: its name, both numbers
  double worst = 0;     // the largest error over all entries; infinite where one is not a number
  Index entries = 0;    // how many were compared
  explicit operator bool() const { return message.empty(); }
};

// Templates on T though it is double alone, so that no unit but those that check gradients pays for tapes of doubles.
namespace detail {
template <Real T, class M, class F> T projected(M& model, F& f, std::span<const T> cotangent) {
  Tape<T> tape(false);
  const Var<T> y = f(tape, std::as_const(model));
  double total = 0;
  for (Index i = 0; i < y.size(); ++i) total += cotangent[static_cast<std::size_t>(i)] * y.data()[i];
  return total;
}

inline void compare(double numeric, double analytic, const std::string& name, Index i, const GradcheckOptions& options,
                    GradcheckReport& report) {
  const double difference = std::abs(numeric - analytic), size = std::max(std::abs(numeric), std::abs(analytic));
  const double error = std::isfinite(difference) ? difference / std::max(1.0, size) : INFINITY;
  ++report.entries;
  report.worst = std::max(report.worst, error);
  if (!(error <= options.tolerance) && report.message.empty())
    report.message =
        message("gradcheck: ", name, "[", i, "]: backward says ", analytic, " but central differences say ", numeric);
}
}  // namespace detail

/// Compares backward with central differences, entry by entry, for every parameter of a model:
/// d <c, f> / d theta against (<c, f(theta + h)> - <c, f(theta - h)>) / 2h with a Gaussian cotangent c drawn from
/// `key`. f(Tape<double>&, const M&) -> Var<double> must be deterministic and smooth within a step of the values. A
/// frozen entry does not move, so its gradient must be exactly 0. The model is unchanged afterwards.
template <class M, class F, std::same_as<double> T = double>
GradcheckReport gradcheck_model(M& model, F f, const Key& key, const GradcheckOptions& options = {}) {
  Tape<T> tape;
  const Var<T> y = f(tape, std::as_const(model));
  std::vector<T> cotangent(static_cast<std::size_t>(y.size()));
  for (std::size_t i = 0; i < cotangent.size(); ++i) cotangent[i] = key.normal(i);
  tape.backward(y, cotangent);

  GradcheckReport report;
  for_each_named_parameter(model, [&](const std::string& name, Parameter<T>& parameter) {
    const std::span<T> gradient = tape.gradient(parameter);
    for (Index i = 0; i < parameter.size(); ++i) {
      const double x = parameter.value()[i], h = options.step * std::max(1.0, std::abs(x));
      const auto at = [&](double value) {
        parameter.change([&](std::span<T> values) { values[static_cast<std::size_t>(i)] = value; });
        return detail::projected<T>(model, f, cotangent);
      };
      const double up = at(x + h), down = at(x - h);
      at(x);
      detail::compare((up - down) / (2 * h), gradient.empty() ? 0.0 : gradient[static_cast<std::size_t>(i)], name, i,
                      options, report);
    }
  });
  return report;
}

/// The same for an op: f(std::vector<Var<double>>) -> Var<double>, checked in every entry of every input.
///
///   CHECK(gradcheck([](auto& x) { return linear(x[0], x[1], x[2]); }, {x, w, b}, Key(1)));
template <class F, std::same_as<double> T = double>
GradcheckReport gradcheck(F f, const std::vector<Tensor<T>>& inputs, const Key& key,
                          const GradcheckOptions& options = {}) {
  std::vector<Parameter<T>> model;
  for (const Tensor<T>& input : inputs) model.emplace_back(input);
  return gradcheck_model(
      model,
      [&](Tape<T>& tape, const std::vector<Parameter<T>>& parameters) {
        std::vector<Var<T>> x;
        for (const Parameter<T>& parameter : parameters) x.push_back(tape.use(parameter));
        return f(x);
      },
      key, options);
}

}  // namespace wsym::inline WSYM_SIMD
