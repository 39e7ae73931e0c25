// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include "wsym/core/tensor.hpp"
#include "wsym/kernels/portable.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
template <Real T> Index argmax_row(const T* row, Index classes) {
  Index best = 0;
  for (Index c = 1; c < classes; ++c)
    if (row[c] > row[best]) best = c;
  return best;
}

/// The softmax of a row of logits, which a shift of the row does not change: the largest logit is taken off before
/// anything else, and no logarithm is ever added to it. -inf entries have probability 0.
template <Real T> class RowSoftmax {
 public:
  RowSoftmax(const T* row, Index classes) : row_(row), top_(double{row[argmax_row(row, classes)]}) {
    for (Index c = 0; c < classes; ++c) sum_ += kernels::portable::exp(row[c] - top_);
    log_sum_ = kernels::portable::log(sum_);
  }
  double p(Index c) const { return kernels::portable::exp(row_[c] - top_) / sum_; }
  double log_p(Index c) const { return (row_[c] - top_) - log_sum_; }
  double largest_p() const { return 1 / sum_; }

 private:
  const T* row_;
  double top_, sum_ = 0, log_sum_;
};

/// ln (1 / count) sum_i exp x_i of n logarithms x, of which -inf stands for 0; of them alone it is -inf.
inline double log_sum_exp(const double* x, Index n, double count = 1) {
  constexpr double none = -std::numeric_limits<double>::infinity();
  const double top = x[argmax_row(x, n)];
  double sum = 0;
  for (Index i = 0; i < n; ++i)
    if (x[i] != none) sum += kernels::portable::exp(x[i] - top);
  return top + kernels::portable::log(sum / count);
}

template <Real T> void check_labels(const char* what, const Tensor<T>& scores, std::span<const std::int32_t> labels) {
  expect(scores.rows() == static_cast<Index>(labels.size()) && scores.size() > 0, what, ": scores are ", scores.shape(),
         " but there are ", labels.size(), " labels; one label for each of at least one row is needed");
  for (std::size_t i = 0; i < labels.size(); ++i)
    expect(labels[i] >= 0 && labels[i] < scores.cols(), what, ": label ", labels[i], " in row ", i,
           "; it needs to be in 0 .. ", scores.cols() - 1);
}

/// Refuses NaN and +inf, and rows of -inf alone: such a row is no distribution.
template <Real T> void check_scores(const char* what, const Tensor<T>& scores) {
  const Index classes = scores.cols();
  for (Index row = 0; row < scores.rows(); ++row) {
    bool finite = false;
    for (Index c = 0; c < classes; ++c) {
      const T score = scores(row, c);
      expect<DataError>(score < std::numeric_limits<T>::infinity(), what, ": row ", row, " has score ", score,
                        " for class ", c, "; scores are finite or -inf");
      finite = finite || std::isfinite(score);
    }
    expect<DataError>(finite, what, ": row ", row, " has no finite score; at least one class needs one");
  }
}

/// The mean over rows of f(row, label), added in the order of the rows.
template <Real T, class F>
double mean_over_rows(const char* what, const Tensor<T>& scores, std::span<const std::int32_t> labels, F f) {
  check_labels(what, scores, labels);
  check_scores(what, scores);
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    sum += f(scores.data() + static_cast<Index>(i) * scores.cols(), static_cast<Index>(labels[i]));
  return sum / static_cast<double>(labels.size());
}
}  // namespace detail

/// The class of the largest score in each row; of equal scores the lowest class. scores (n, classes): logits,
/// probabilities or their logarithms.
template <Real T> std::vector<std::int32_t> argmax(const Tensor<T>& scores) {
  expect(scores.cols() > 0, "argmax: scores are ", scores.shape(), "; at least one class is needed");
  std::vector<std::int32_t> classes(static_cast<std::size_t>(scores.rows()));
  for (std::size_t i = 0; i < classes.size(); ++i)
    classes[i] = static_cast<std::int32_t>(
        detail::argmax_row(scores.data() + static_cast<Index>(i) * scores.cols(), scores.cols()));
  return classes;
}

/// The fraction of rows whose argmax is the label. scores (n, classes), labels n. Throws ShapeError for other sizes
/// and for a label outside 0 .. classes - 1, DataError for a score that is NaN or +inf; so do all below that take
/// labels.
template <Real T> double accuracy(const Tensor<T>& scores, std::span<const std::int32_t> labels) {
  return detail::mean_over_rows("accuracy", scores, labels, [&](const T* row, Index label) {
    return detail::argmax_row(row, scores.cols()) == label ? 1.0 : 0.0;
  });
}

/// The fraction of rows whose argmax is another class.
template <Real T> double error_rate(const Tensor<T>& scores, std::span<const std::int32_t> labels) {
  return 1 - accuracy(scores, labels);
}

/// The mean negative log-likelihood of softmax(logits), in nats a row. Logarithms of probabilities are logits too.
template <Real T> double nll_from_logits(const Tensor<T>& logits, std::span<const std::int32_t> labels) {
  return detail::mean_over_rows("nll_from_logits", logits, labels, [&](const T* row, Index label) {
    return -detail::RowSoftmax<T>(row, logits.cols()).log_p(label);
  });
}

/// The mean negative log-likelihood of probabilities as they are, in nats a row; infinite where the label's is 0.
/// Small ones lose digits: prefer nll_from_logits of log_mean_probabilities for an average of members. Throws as
/// nll_from_logits; DataError for a label's probability below 0.
template <Real T> double nll_from_probabilities(const Tensor<T>& probabilities, std::span<const std::int32_t> labels) {
  return detail::mean_over_rows("nll_from_probabilities", probabilities, labels, [](const T* row, Index label) {
    expect<DataError>(row[label] >= 0, "nll_from_probabilities: probability ", row[label], " of class ", label,
                      "; none is negative");
    return -kernels::portable::log(double{row[label]});
  });
}

/// The Brier score of softmax(logits): the mean over rows of sum_c (p_c - [c = label])^2, from 0 to 2 whatever the
/// number of classes. Source: Brier 1950.
template <Real T> double brier_from_logits(const Tensor<T>& logits, std::span<const std::int32_t> labels) {
  return detail::mean_over_rows("brier_from_logits", logits, labels, [&](const T* row, Index label) {
    const detail::RowSoftmax<T> softmax(row, logits.cols());
    double sum = 0;
    for (Index c = 0; c < logits.cols(); ++c) sum += kernels::portable::square(softmax.p(c) - (c == label ? 1 : 0));
    return sum;
  });
}

/// How sure softmax(logits) is of its argmax in each row: its largest probability. logits (n, classes) -> n values in
/// [1 / classes, 1]. Throws ShapeError without classes, DataError for a score that is NaN or +inf.
template <Real T> std::vector<double> confidences(const Tensor<T>& logits) {
  expect(logits.cols() > 0, "confidences: logits are ", logits.shape(), "; at least one class is needed");
  detail::check_scores("confidences", logits);
  std::vector<double> largest;
  for (Index row = 0; row < logits.rows(); ++row)
    largest.push_back(detail::RowSoftmax<T>(logits.data() + row * logits.cols(), logits.cols()).largest_p());
  return largest;
}

}  // namespace wsym::inline WSYM_SIMD
