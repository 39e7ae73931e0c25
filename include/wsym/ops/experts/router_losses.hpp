// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/normal.hpp"
#include "wsym/kernels/reduce.hpp"
#include "wsym/ops/softmax.hpp"

/// What keeps a router from sending everything to a few experts: functions of gates and logits, (rows, E), whose rows
/// come in groups; a loss is the mean over groups.
namespace wsym::inline WSYM_SIMD {

namespace detail {
template <Real T> Index groups_of(const char* op, Var<T> x, Index size) {
  expect(x.rows() >= 1 && size >= 1 && x.rows() % size == 0, op, ": x is ", x.shape(),
         "; its rows, at least 1, need to ", "divide into groups of ", size);
  return x.rows() / size;
}
template <Real T> void expect_noisy(const char* op, Var<T> logits, Var<T> noisy, double sigma) {
  expect(logits.shape() == noisy.shape(), op, ": logits are ", logits.shape(), " but noisy ones are ", noisy.shape(),
         "; they must be equal");
  expect<ConfigError>(sigma > 0, op, ": sigma is ", sigma, "; it must be positive");
  expect<ConfigError>(1 / sigma <= static_cast<double>(std::numeric_limits<T>::max()), op, ": sigma is ", sigma,
                      "; 1 / sigma must be finite");
}
}  // namespace detail

/// The sums over the rows of each group of `size` rows: (rows, E) -> (rows / size, E); differentiable.
/// Of gates it is their importance. Throws ShapeError where rows do not divide into groups, or there are none.
template <Real T> Var<T> group_sums(Var<T> x, Index size) {
  const Index groups = detail::groups_of("group_sums", x, size), cols = x.cols();
  Var<T> y = x.tape().result(Shape{groups, cols}, x);
  for (Index g = 0; g < groups; ++g)
    kernels::column_sums<T>(x.view().block(g * size, 0, size, cols), y.out().data() + g * cols);
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index n = 0; n < x.rows(); ++n) dx.row(n) += y.grad().row(n / size);
    });
  });
  return y;
}

/// group_sums(softmax(x), size) as one op, which keeps a buffer of x's size less, two with gradients: the same bits.
template <Real T> Var<T> softmax_sums(Var<T> x, Index size) {
  const Index groups = detail::groups_of("softmax_sums", x, size), rows = x.rows(), cols = x.cols();
  Var<T> y = x.tape().result(Shape{groups, cols}, x);
  const kernels::View<T> gates{x.tape().scratch(x.size()), rows, cols, cols};
  kernels::softmax_rows<T>(x.view(), gates);
  for (Index g = 0; g < groups; ++g)
    kernels::column_sums<T>(gates.block(g * size, 0, size, cols), y.out().data() + g * cols);
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      const ConstMatMap<T> p(gates.data, rows, cols);
      for (Index n = 0; n < rows; ++n)
        detail::pull_softmax_row<T>(p.row(n), y.grad().row(n / size), dx.row(n), accumulate);
    });
  });
  return y;
}

/// The squared coefficient of variation, (std / mean)^2 over the columns with the population's standard deviation,
/// averaged over the rows: (groups, E) -> (1). Computed as variance / mean^2, so that at perfect balance the gradient
/// is 0 and not NaN: d / dv_i = 2 / (E mean^2) (v_i - mean - variance / mean). A row of zeros has the value 0.
/// Differentiable. Throws ShapeError for no rows or no columns. Source: Shazeer et al. 2017, importance and load
/// losses.
template <Real T> Var<T> squared_variation(Var<T> v) {
  const Index groups = v.rows(), cols = v.cols();
  expect(groups >= 1 && cols >= 1, "squared_variation: v is ", v.shape(), "; it needs a row and a column");
  const auto moments = [=](Index g) {
    const T* row = v.data() + g * cols;
    double mean = 0, variance = 0;
    for (Index e = 0; e < cols; ++e) mean += static_cast<double>(row[e]) / static_cast<double>(cols);
    for (Index e = 0; e < cols; ++e)
      variance += (static_cast<double>(row[e]) - mean) * (static_cast<double>(row[e]) - mean);
    return std::pair(mean, variance / static_cast<double>(cols));
  };
  Var<T> y = v.tape().result(Shape{1}, v);
  double total = 0;
  for (Index g = 0; g < groups; ++g) {
    const auto [mean, variance] = moments(g);
    if (mean != 0) total += variance / (mean * mean);
  }
  *y.out().data() = static_cast<T>(total / static_cast<double>(groups));
  y.pull([=] {
    v.add_with([&](MatMap<T> dv, bool accumulate) {
      const double seed = static_cast<double>(y.grad()(0, 0)) / static_cast<double>(groups);
      for (Index g = 0; g < groups; ++g) {
        const auto [mean, variance] = moments(g);
        const double scale = mean == 0 ? 0 : 2 * seed / (static_cast<double>(cols) * mean * mean);
        const double shift = mean == 0 ? 0 : mean + variance / mean;
        for (Index e = 0; e < cols; ++e) {
          const T d = static_cast<T>(scale * (static_cast<double>(v.data()[g * cols + e]) - shift));
          dv(g, e) = accumulate ? dv(g, e) + d : d;
        }
      }
    });
  });
  return y;
}

/// The load of each expert in each group of `size` rows: the sum over its rows of the probability that expert e is
/// among the k chosen ones of row n when the noise of that one logit is drawn anew:
///   p_ne = 1 - Phi((tau_n - z_ne) / sigma), tau_n the k-th largest noisy logit of the row.
/// logits z and noisy logits (..., E) -> (rows / size, E); differentiable in z, and in the noisy logits through the
/// value of tau. `threshold` (rows) holds the column of each row's k-th largest noisy logit, `stride` entries apart,
/// and lives until backward. Throws ShapeError unless both logits have one shape, and as group_sums; ConfigError unless
/// sigma > 0 and 1 / sigma is finite in T.
/// Source: Shazeer et al. 2017, load loss; Riquelme et al. 2021, appendix A: tau includes e.
template <Real T>
Var<T> load_sums(Var<T> logits, Var<T> noisy, const std::int32_t* threshold, Index stride, double sigma, Index size) {
  detail::expect_noisy("load_sums", logits, noisy, sigma);
  const Index groups = detail::groups_of("load_sums", logits, size), rows = logits.rows(), cols = logits.cols();
  Tape<T>& tape = logits.tape();
  Var<T> y = tape.result(Shape{groups, cols}, logits, noisy);
  T* density = y.takes_gradient() ? tape.scratch(logits.size()) : nullptr;  // phi(u): (rows, E)
  T* tau = tape.scratch(rows);
  for (Index n = 0; n < rows; ++n) tau[n] = noisy.data()[n * cols + threshold[n * stride]];
  const T scale = static_cast<T>(1 / sigma);
  for (Index g = 0; g < groups; ++g)
    kernels::exceeds_sums<T>(logits.view().block(g * size, 0, size, cols), tau + g * size, scale,
                             y.out().data() + g * cols, density ? density + g * size * cols : nullptr);
  y.pull([=] {
    const ConstMatMap<T> slope(density, rows, cols);
    logits.add_with([&](MatMap<T> d, bool accumulate) {
      for (Index n = 0; n < rows; ++n) {
        const auto pulled = scale * y.grad().row(n / size).cwiseProduct(slope.row(n));
        if (accumulate)
          d.row(n) += pulled;
        else
          d.row(n) = pulled;
      }
    });
    noisy.add_with([&](MatMap<T> d, bool accumulate) {
      for (Index n = 0; n < rows; ++n) {
        if (!accumulate) d.row(n).setZero();
        d(n, threshold[n * stride]) -= scale * y.grad().row(n / size).dot(slope.row(n));
      }
    });
  });
  return y;
}

/// E^2 mean_e(f_e m_e), f_e the share of a group's rows whose largest gate is e and m_e the mean gate of e; averaged
/// over groups of `size` rows: gates (rows, E) -> (1); differentiable through m. `first` (rows) holds each row's column
/// of the largest gate, `stride` entries apart. Throws as group_sums. Source: Lepikhin et al. 2021 (GShard).
template <Real T> Var<T> gshard_loss(Var<T> gates, const std::int32_t* first, Index stride, Index size) {
  const Index groups = detail::groups_of("gshard_loss", gates, size), cols = gates.cols(), rows = gates.rows();
  Var<T> loss = gates.tape().result(Shape{1}, gates);
  std::int32_t* count = gates.tape().template scratch<std::int32_t>(groups * cols);
  std::fill_n(count, groups * cols, 0);
  for (Index n = 0; n < rows; ++n) ++count[n / size * cols + first[n * stride]];
  const double scale = static_cast<double>(cols) / (static_cast<double>(size) * static_cast<double>(rows));
  double total = 0;
  for (Index n = 0; n < rows; ++n)
    for (Index e = 0; e < cols; ++e)
      total += count[n / size * cols + e] * static_cast<double>(gates.data()[n * cols + e]);
  *loss.out().data() = static_cast<T>(scale * total);
  loss.pull([=] {
    gates.add_with([&](MatMap<T> d, bool accumulate) {
      const double seed = scale * static_cast<double>(loss.grad()(0, 0));
      if (!accumulate) d.setZero();
      for (Index n = 0; n < rows; ++n)
        for (Index e = 0; e < cols; ++e) d(n, e) += static_cast<T>(seed * count[n / size * cols + e]);
    });
  });
  return loss;
}

/// The mean over rows of (ln sum_e exp z_e)^2, which keeps logits small: (rows, E) -> (1); differentiable.
/// Throws ShapeError for no rows. Source: Zoph et al. 2022, router z-loss.
template <Real T> Var<T> z_loss(Var<T> logits) {
  const Index rows = logits.rows(), cols = logits.cols();
  expect(rows >= 1 && cols >= 1, "z_loss: logits are ", logits.shape(), "; they need a row and a column");
  Tape<T>& tape = logits.tape();
  T *largest = tape.scratch(rows), *above = tape.scratch(rows);  // ln sum exp z = largest + above
  double total = 0;
  for (Index n = 0; n < rows; ++n) {
    const auto row = logits.value().row(n).array();
    largest[n] = row.maxCoeff();
    above[n] = std::log((row - largest[n]).exp().sum());
    const double log_sum = static_cast<double>(largest[n]) + static_cast<double>(above[n]);
    total += log_sum * log_sum;
  }
  Var<T> loss = tape.result(Shape{1}, logits);
  *loss.out().data() = static_cast<T>(total / static_cast<double>(rows));
  loss.pull([=] {
    logits.add_with([&](MatMap<T> d, bool accumulate) {
      const T seed = T(2) * loss.grad()(0, 0) / static_cast<T>(rows);
      if (!accumulate) d.setZero();
      for (Index n = 0; n < rows; ++n)
        d.row(n).array() +=
            seed * (largest[n] + above[n]) * (logits.value().row(n).array() - largest[n] - above[n]).exp();
    });
  });
  return loss;
}

}  // namespace wsym::inline WSYM_SIMD
