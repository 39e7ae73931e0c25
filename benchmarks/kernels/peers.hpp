// SPDX-License-Identifier: MIT
#pragma once
#include <dlfcn.h>

#include <functional>
#include <string>
#include <vector>

#include "wsym/core/tensor.hpp"

namespace wsym::bench {

/// NN is a b, NT is a bᵀ with b stored (n, k), TN is aᵀ b with a stored (k, m).
enum Product { NN, NT, TN };

/// c (m, n) of one of these products; everything by rows.
struct Operands {
  Product which;
  Index m, k, n;
  float *a, *b, *c;
};

/// One way in which another library computes c.
struct Peer {
  std::string library;
  std::function<void()> run;
};

/// OpenBLAS, if the machine has it, found when the program runs so that
/// benchmarks build without it.
class OpenBlas {
 public:
  OpenBlas() {
    void* library = dlopen("libopenblas.so.0", RTLD_NOW);
    if (library == nullptr) return;
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    };
    void (*set_threads)(int) = nullptr;
    find(set_threads, "openblas_set_num_threads");
    find(gemm_, "cblas_sgemm");
    find(gemv_, "cblas_sgemv");
    find(ger_, "cblas_sger");
    if (set_threads != nullptr) set_threads(1);
  }

  /// Its general product and, where c or the inner size is thin, what it has
  /// for vectors.
  void add_to(std::vector<Peer>& peers, const Operands& o) const {
    const int m = static_cast<int>(o.m), k = static_cast<int>(o.k), n = static_cast<int>(o.n);
    const Product which = o.which;
    const float *a = o.a, *b = o.b;
    float* c = o.c;
    const auto add = [&](auto&& run) {
      peers.push_back({"openblas", run});
    };
    if (gemm_ != nullptr)
      add([=, f = gemm_] {
        f(by_rows, which == TN ? turned : as_is, which == NT ? turned : as_is, m, n, k, 1, a, which == TN ? m : k, b,
          which == NT ? k : n, 0, c, n);
      });
    if (gemv_ != nullptr && n == 1)
      add([=, f = gemv_] {
        f(by_rows, which == TN ? turned : as_is, which == TN ? k : m, which == TN ? m : k, 1, a, which == TN ? m : k, b,
          1, 0, c, 1);
      });
    if (gemv_ != nullptr && m == 1)
      add([=, f = gemv_] {
        f(by_rows, which == NT ? as_is : turned, which == NT ? n : k, which == NT ? k : n, 1, b, which == NT ? k : n, a,
          1, 0, c, 1);
      });
    if (ger_ != nullptr && k == 1)
      add([=, f = ger_] {
        std::fill_n(c, m * n, 0.0f);
        f(by_rows, m, n, 1, a, 1, b, 1, c, n);
      });
  }

 private:
  static constexpr int by_rows = 101, as_is = 111, turned = 112;  // cblas.h
  void (*gemm_)(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*,
                int) = nullptr;
  void (*gemv_)(int, int, int, int, float, const float*, int, const float*, int, float, float*, int) = nullptr;
  void (*ger_)(int, int, int, float, const float*, int, const float*, int, float*, int) = nullptr;
};

/// Eigen's general product and, where c or the inner size is thin, its product
/// of types that say so.
inline void add_eigen(std::vector<Peer>& peers, const Operands& o) {
  using Matrix = Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
  using Column = Eigen::Map<Eigen::VectorXf>;
  using Row = Eigen::Map<Eigen::RowVectorXf>;
  const Product which = o.which;
  const Index m = o.m, k = o.k, n = o.n;
  const Matrix a(o.a, which == TN ? k : m, which == TN ? m : k), b(o.b, which == NT ? n : k, which == NT ? k : n);
  Matrix c(o.c, m, n);
  const auto add = [&](auto&& run) {
    peers.push_back({"eigen", run});
  };
  if (which == NN) add([=]() mutable { c.noalias() = a * b; });
  if (which == NT) add([=]() mutable { c.noalias() = a * b.transpose(); });
  if (which == TN) add([=]() mutable { c.noalias() = a.transpose() * b; });
  if (n == 1 && which != TN) add([=, x = Column(o.b, k), y = Column(o.c, m)]() mutable { y.noalias() = a * x; });
  if (n == 1 && which == TN)
    add([=, x = Column(o.b, k), y = Column(o.c, m)]() mutable { y.noalias() = a.transpose() * x; });
  if (m == 1 && which != NT) add([=, x = Row(o.a, k), y = Row(o.c, n)]() mutable { y.noalias() = x * b; });
  if (m == 1 && which == NT) add([=, x = Row(o.a, k), y = Row(o.c, n)]() mutable { y.noalias() = x * b.transpose(); });
  if (k == 1) add([=, x = Column(o.a, m), y = Row(o.b, n)]() mutable { c.noalias() = x * y; });
}

}  // namespace wsym::bench
