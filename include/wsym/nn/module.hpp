// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/core/visit.hpp"
#include "wsym/kernels/portable.hpp"

namespace wsym::inline WSYM_SIMD {

/// How many numbers a model has, by kind. Biases are parameters but not weights (a weight has rank 2 or more).
struct ParameterCount {
  Index parameters = 0, weights = 0, frozen = 0;
  Index trainable() const { return parameters - frozen; }
};

template <class M> ParameterCount count(const M& model) {
  ParameterCount n;
  for_each_parameter(model, [&](const auto& p) {
    n.parameters += p.size();
    n.frozen += p.frozen().size();
    if (p.shape().rank() >= 2) n.weights += p.size();
  });
  return n;
}

namespace detail {
/// What one model holds under a name. In models of one type, equal names have one type.
struct Placed {
  std::string name;
  const void* address;
};
/// A model's parameters and buffers in visit order.
template <class M> std::vector<Placed> placed_members(const M& model) {
  std::vector<Placed> list;
  for_each_member(model, [&](const std::string& name, const auto& member) { list.push_back({name, &member}); });
  return list;
}
/// Its settings.
template <class M> std::vector<Placed> placed_settings(const M& model) {
  std::vector<Placed> list;
  for_each_setting(model, [&](const std::string& name, const auto& setting) { list.push_back({name, &setting}); });
  return list;
}
/// Throws ShapeError unless both models, of which `a` is model 0, have the same names.
inline void expect_same_names(const char* what, const std::vector<Placed>& a, const std::vector<Placed>& b,
                              std::size_t model) {
  expect(a.size() == b.size(), what, ": model 0 has ", a.size(), " members but model ", model, " has ", b.size(),
         "; they must have one architecture");
  for (std::size_t i = 0; i < a.size(); ++i)
    expect(a[i].name == b[i].name, what, ": model 0 has ", a[i].name, " where model ", model, " has ", b[i].name,
           "; they must have one architecture");
}

/// Throws ConfigError that names the first setting in which a model differs from model 0.
template <class M> void expect_same_settings(const char* what, std::span<const M* const> models) {
  if (models.empty()) return;
  const std::vector<Placed> first = placed_settings(*models[0]);
  for (std::size_t i = 1; i < models.size(); ++i) {
    const std::vector<Placed> list = placed_settings(*models[i]);
    expect_same_names(what, first, list, i);
    std::size_t at = 0;
    for_each_setting(*models[0], [&](const std::string& name, const auto& setting) {
      const auto& other = *static_cast<const std::remove_cvref_t<decltype(setting)>*>(list[at++].address);
      expect<ConfigError>(same_setting(setting, other), what, ": setting ", name, " is ", setting_text(setting),
                          " in model 0 but ", setting_text(other), " in model ", i, "; they must be equal");
    });
  }
}

template <Real T> const Tensor<T>& tensor_of(const Parameter<T>& p) {
  return p.value();
}
template <Real T> const Tensor<T>& tensor_of(const Tensor<T>& t) {
  return t;
}

/// Calls f(name, member, others) for each member of the first model; others are the same member of every model.
template <class M, class F> void for_each_together(const char* what, std::span<const M* const> models, F&& f) {
  expect<ConfigError>(!models.empty(), what, ": no models; at least one is needed");
  std::vector<std::vector<Placed>> lists;
  for (const M* model : models) lists.push_back(placed_members(*model));
  for (std::size_t i = 1; i < models.size(); ++i) expect_same_names(what, lists[0], lists[i], i);
  std::size_t at = 0;
  for_each_member(*models[0], [&](const std::string& name, const auto& member) {
    using Member = std::remove_cvref_t<decltype(member)>;
    std::vector<const Member*> same;
    for (std::size_t i = 0; i < models.size(); ++i) {
      same.push_back(static_cast<const Member*>(lists[i][at].address));
      expect(same[i]->shape() == member.shape(), what, ": ", name, " is ", member.shape(), " in model 0 but ",
             same[i]->shape(), " in model ", i, "; they must be equal");
    }
    f(name, same);
    ++at;
  });
}

template <class M> std::vector<const M*> pointers(std::span<const M> models) {
  std::vector<const M*> list;
  for (const M& model : models) list.push_back(&model);
  return list;
}
}  // namespace detail

/// True when all models freeze the same entries at the same values, so that an affine combination keeps them.
template <class M> bool same_frozen(std::span<const M> models) {
  bool same = true;
  detail::for_each_together<M>("same_frozen", detail::pointers(models), [&](const std::string&, const auto& members) {
    if constexpr (requires { members[0]->frozen(); })
      for (const auto* member : members) same = same && member->frozen() == members[0]->frozen();
  });
  return same;
}

/// The model  sum_i a_i theta_i  over parameters and buffers, each entry summed in double in the order of the models.
/// Where all models freeze the same entries at the same values and the a_i sum to 1 these stay frozen; otherwise the
/// result is a plain network without frozen entries (ask same_frozen()). Throws ConfigError without models or for
/// models of unlike settings, whose mean would be neither's, ShapeError for unlike tensors.
template <class M> M combine(std::span<const M* const> models, std::span<const double> coefficients) {
  expect<ConfigError>(!models.empty(), "combine: no models; at least one is needed");
  expect(models.size() == coefficients.size(), "combine: ", models.size(), " models but ", coefficients.size(),
         " coefficients; one each is needed");
  detail::expect_same_settings("combine", models);
  double total = 0;
  for (const double a : coefficients) total += a;
  const bool affine = std::abs(total - 1) < 1e-12;
  M result = *models[0];
  const std::vector<detail::Placed> targets = detail::placed_members(result);
  std::size_t at = 0;
  detail::for_each_together<M>("combine", models, [&](const std::string&, const auto& members) {
    using Member = std::remove_cvref_t<decltype(*members[0])>;
    auto sum = detail::tensor_of(*members[0]);
    for (Index i = 0; i < sum.size(); ++i) {
      double entry = 0;
      for (std::size_t m = 0; m < members.size(); ++m)
        entry += coefficients[m] * static_cast<double>(detail::tensor_of(*members[m])[i]);
      sum[i] = static_cast<std::remove_reference_t<decltype(sum[i])>>(entry);
    }
    auto& target = *static_cast<Member*>(const_cast<void*>(targets[at++].address));
    if constexpr (is_parameter<Member>) {
      bool keep = affine;
      for (const auto* member : members) keep = keep && member->frozen() == members[0]->frozen();
      auto frozen = keep ? members[0]->frozen() : decltype(members[0]->frozen()){};
      target = Member(std::move(sum), std::move(frozen));
    } else {
      target = std::move(sum);
    }
  });
  return result;
}

/// (1 - t) a + t b: the straight line between two models.
template <class M> M lerp(const M& a, const M& b, double t) {
  const M* models[] = {&a, &b};
  const double coefficients[] = {1 - t, t};
  return combine<M>(models, coefficients);
}

/// The arithmetic mean of the models.
template <class M> M mean(std::span<const M> models) {
  return combine<M>(detail::pointers(models),
                    std::vector<double>(models.size(), 1.0 / static_cast<double>(models.size())));
}

/// The Euclidean distance over all parameters, biases and frozen entries included. Throws as combine.
template <class M> double distance(const M& a, const M& b) {
  double total = 0;
  const M* const models[] = {&a, &b};
  detail::expect_same_settings<M>("distance", models);
  detail::for_each_together<M>("distance", models, [&](const std::string&, const auto& members) {
    if constexpr (is_parameter<std::remove_cvref_t<decltype(*members[0])>>)
      for (Index i = 0; i < members[0]->size(); ++i) {
        const double d = static_cast<double>(members[0]->value()[i]) - static_cast<double>(members[1]->value()[i]);
        total += kernels::portable::square(d);
      }
  });
  return std::sqrt(total);
}

/// The first parameter that holds a number that is not finite, or the first buffer that holds a NaN, by name; empty
/// when there is none. An infinite buffer may be meant: a mask is one.
template <class M> std::string first_not_finite(const M& model) {
  std::string found;
  for_each_member(model, [&](const std::string& name, const auto& member) {
    const auto numbers = detail::tensor_of(member).array();
    const bool learns = is_parameter<std::remove_cvref_t<decltype(member)>>;
    if (found.empty() && (learns ? !numbers.isFinite().all() : numbers.isNaN().any())) found = name;
  });
  return found;
}

}  // namespace wsym::inline WSYM_SIMD
