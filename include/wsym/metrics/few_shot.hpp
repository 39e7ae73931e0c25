// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/random.hpp"
#include "wsym/kernels/gemm.hpp"
#include "wsym/metrics/averaging.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
// Templates though only double is asked for, so that no unit but those that call them pays for Eigen's expressions.
template <Real U> kernels::View<const U> ridge_view(const Tensor<U>& x) {
  return kernels::view<U>(x.mat());
}
template <Real U> Tensor<U> ridge_product(kernels::View<const U> a, kernels::View<const U> b) {
  Tensor<U> c({a.rows, b.cols});
  kernels::gemm(kernels::view<U>(c.mat()), a, b);
  return c;
}

/// b = (a + penalty I)^-1 b by Cholesky's factors L Lᵀ, L in the lower half of a, which is positive semidefinite.
template <Real U> void solve_ridge(Tensor<U> a, U penalty, Tensor<U>& b) {
  MatMap<U> l = a.mat(), x = b.mat();
  const Index n = l.rows(), columns = x.cols();
  Tensor<U> sum({std::max(n, columns)});
  const kernels::View<const U> factor = ridge_view(a), solved = ridge_view(b);
  // sum = (row or column of L) M, by the library's product: no compiler chooses how its steps are rounded
  const auto add_up = [&](kernels::View<const U> row, kernels::View<const U> m) {
    kernels::gemm(kernels::View<U>{sum.data(), 1, m.cols, m.cols}, row, m);
    return ConstMatMap<U>(sum.data(), 1, m.cols);
  };
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      if (j > 0) l(i, j) -= add_up(factor.block(i, 0, 1, j), factor.block(j, 0, 1, j).transposed())(0, 0);
      l(i, j) = j < i ? l(i, j) / l(j, j) : std::sqrt(l(i, i) + penalty);
    }
  }
  for (Index i = 0; i < n; ++i) {
    if (i > 0) x.row(i) -= add_up(factor.block(i, 0, 1, i), solved.block(0, 0, i, columns));
    x.row(i) /= l(i, i);
  }
  for (Index i = n - 1; i >= 0; --i) {
    const Index below = n - 1 - i;
    if (below > 0)
      x.row(i) -= add_up(factor.block(i + 1, i, below, 1).transposed(), solved.block(i + 1, 0, below, columns));
    x.row(i) /= l(i, i);
  }
}
}  // namespace detail

/// A linear classifier on standardised features, fitted by ridge regression to targets of +1 for a row's class and -1
/// for the others. With Z = [(x - mean) / (sd + 1e-5), 100], sd the population's, and a penalty p on all weights:
///   W = (Zᵀ Z + p I)^-1 Zᵀ Y, or, with no more rows than features, the equal Zᵀ (Z Zᵀ + p I)^-1 Y.
/// The constant column is the bias, so large that it is hardly penalised. Computed in double.
/// Source: Allingham et al. 2022, linear few-shot evaluation, in the form of the code that they name.
template <Real T> class RidgeClassifier {
 public:
  /// features (n, d), labels n in 0 .. classes - 1. Throws ConfigError unless penalty > 0 and classes >= 1, ShapeError
  /// for sizes or labels that do not fit, DataError for a feature that is not finite.
  /// Cost: products of m^2 (n + d) and the factors of an m x m matrix, m = min(n, d + 1).
  RidgeClassifier(const Tensor<T>& features, std::span<const std::int32_t> labels, Index classes, double penalty) {
    expect<ConfigError>(penalty > 0 && classes >= 1, "RidgeClassifier: penalty ", penalty, " and ", classes,
                        " classes; the penalty is positive and there is at least one class");
    Tensor<double> y({features.rows(), classes}, -1.0);
    detail::check_labels("RidgeClassifier", y, labels);
    for (Index i = 0; i < y.rows(); ++i) y(i, labels[static_cast<std::size_t>(i)]) = 1;
    measure(features);
    const Tensor<double> z = standardised(features);
    const auto rows = detail::ridge_view(z), columns = rows.transposed();
    if (z.rows() < z.cols()) detail::solve_ridge(detail::ridge_product(rows, columns), penalty, y);
    weights_ = detail::ridge_product(columns, detail::ridge_view(y));
    if (z.rows() >= z.cols()) detail::solve_ridge(detail::ridge_product(columns, rows), penalty, weights_);
  }

  /// Z W: features (n, d) -> (n, classes), to be compared or averaged. Throws ShapeError for another d, DataError for a
  /// feature that is not finite.
  Tensor<double> scores(const Tensor<T>& features) const {
    expect(features.cols() == mean_.size(), "RidgeClassifier: features are ", features.shape(), "; ", mean_.size(),
           " columns are needed");
    const Tensor<double> z = standardised(features);
    return detail::ridge_product(detail::ridge_view(z), detail::ridge_view(weights_));
  }

  /// (d + 1, classes), the bias last.
  const Tensor<double>& weights() const { return weights_; }

 private:
  void measure(const Tensor<T>& x) {
    mean_ = scale_ = Tensor<double>({x.cols()});
    const auto n = static_cast<double>(x.rows());
    for (Index j = 0; j < x.cols(); ++j) {
      double sum = 0, squares = 0;
      for (Index i = 0; i < x.rows(); ++i) sum += x(i, j);
      mean_[j] = sum / n;
      for (Index i = 0; i < x.rows(); ++i) squares += kernels::portable::square(x(i, j) - mean_[j]);
      scale_[j] = std::sqrt(squares / n) + 1e-5;
    }
  }
  Tensor<double> standardised(const Tensor<T>& x) const {
    Tensor<double> z({x.rows(), x.cols() + 1}, 100.0);
    for (Index i = 0; i < x.rows(); ++i)
      for (Index j = 0; j < x.cols(); ++j) {
        expect<DataError>(std::isfinite(x(i, j)), "RidgeClassifier: feature ", j, " of row ", i, " is ", x(i, j));
        z(i, j) = (x(i, j) - mean_[j]) / scale_[j];
      }
    return z;
  }

  Tensor<double> mean_, scale_, weights_;
};

/// How an ensemble's features are used: one classifier on those of all members side by side, or one for each member,
/// whose scores are averaged.
enum class FewShot { joint, disjoint };

/// Scores (test rows, classes) of ridge classifiers on the features of an ensemble's members, each (rows, d).
/// Throws ConfigError without members or for other numbers of them, and as RidgeClassifier.
template <Real T>
Tensor<double> few_shot_scores(std::span<const Tensor<T>> train, std::span<const std::int32_t> labels,
                               std::span<const Tensor<T>> test, Index classes, double penalty,
                               FewShot kind = FewShot::joint) {
  detail::check_members("few_shot_scores", train);
  detail::check_members("few_shot_scores", test);
  expect<ConfigError>(train.size() == test.size(), "few_shot_scores: training features of ", train.size(),
                      " members but test features of ", test.size());
  if (kind == FewShot::disjoint) {
    std::vector<Tensor<double>> scores;
    for (std::size_t m = 0; m < train.size(); ++m)
      scores.push_back(RidgeClassifier<T>(train[m], labels, classes, penalty).scores(test[m]));
    return mean_outputs<double>(scores);
  }
  const auto side_by_side = [](std::span<const Tensor<T>> members) {
    const Index rows = members[0].rows(), d = members[0].cols(), count = static_cast<Index>(members.size());
    Tensor<T> all({rows, count * d});
    for (Index m = 0; m < count; ++m) all.mat().middleCols(m * d, d) = members[static_cast<std::size_t>(m)].mat();
    return all;
  };
  return RidgeClassifier<T>(side_by_side(train), labels, classes, penalty).scores(side_by_side(test));
}

/// `shots` rows of each class 0 .. classes - 1, drawn without replacement, class by class: a function of the key alone.
/// Rows of other labels are not drawn. Throws ConfigError unless shots >= 1 and every class has as many rows.
inline std::vector<Index> draw_shots(std::span<const std::int32_t> labels, Index classes, Index shots, const Key& key) {
  const std::vector<Index> order = key.permutation(static_cast<Index>(labels.size()));
  std::vector<Index> rows;
  for (Index c = 0; c < classes; ++c) {
    Index met = 0;
    for (const Index row : order)
      if (labels[static_cast<std::size_t>(row)] == c && met++ < shots) rows.push_back(row);
    expect<ConfigError>(shots >= 1 && shots <= met, "draw_shots: ", shots, " shots of class ", c, ", which has ", met,
                        " rows");
  }
  return rows;
}

/// Which column of accuracies (data sets, penalties) ranks best on average over the data sets; of equal ones the first.
/// In each row the lowest accuracy has rank 0, and equal ones rank in the order of their columns. The paper chooses
/// among the penalties 2^-10 .. 2^19 so, for each number of shots. Throws ShapeError for an empty table.
template <Real T> Index best_mean_rank(const Tensor<T>& accuracies) {
  const Index n = accuracies.rows(), columns = accuracies.cols();
  expect(n > 0 && columns > 0, "best_mean_rank: accuracies are ", accuracies.shape(),
         "; a row and a column are needed");
  std::vector<Index> total(static_cast<std::size_t>(columns));
  for (Index row = 0; row < n; ++row)
    for (Index j = 0; j < columns; ++j)
      for (Index i = 0; i < columns; ++i) {
        const T other = accuracies(row, i), own = accuracies(row, j);
        total[static_cast<std::size_t>(j)] += other < own || (other == own && i < j) ? 1 : 0;
      }
  return std::max_element(total.begin(), total.end()) - total.begin();
}

}  // namespace wsym::inline WSYM_SIMD
