// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>

#include "wsym/ensemble/connectivity.hpp"

namespace wsym::inline WSYM_SIMD {

/// The average of models' weights: one network, at the cost of one network.
template <class M> struct Soup {
  M model;
  std::vector<Index> members;  // which models are in it, in the order in which they came in
  double loss = 0;             // of `model`, by the functional that chose the members
};

/// The mean of all models. Throws ConfigError without models, ShapeError for unlike ones.
/// Source: Wortsman et al. 2022, "Model soups", section 2.
template <class M> M uniform_soup(std::span<const M> models) {
  return mean(models);
}

/// Goes through the models from the best to the worst and adds each one to the soup if the soup's loss does not rise.
/// loss(const M&) -> double is better lower, and is to be measured on validation rows; so the soup is never worse there
/// than the best model. A model whose loss is NaN or throws Diverged stays out. Equal losses keep their order. Throws
/// ConfigError without models, ShapeError for unlike ones, Diverged when it is so of every model. Cost: two losses a
/// model. Source: Wortsman et al. 2022, algorithm 1.
template <class M, class Loss> Soup<M> greedy_soup(std::span<const M> models, Loss&& loss) {
  expect<ConfigError>(!models.empty(), "greedy_soup: no models; at least one is needed");
  std::vector<std::pair<double, Index>> ranked;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const double own = detail::loss_or_nan(loss, models[i]);
    if (!std::isnan(own)) ranked.emplace_back(own, static_cast<Index>(i));
  }
  expect<Diverged>(!ranked.empty(), "greedy_soup: the loss of every model is NaN");
  std::sort(ranked.begin(), ranked.end());
  const auto model = [&](std::size_t rank) {
    return &models[static_cast<std::size_t>(ranked[rank].second)];
  };
  Soup<M> soup{*model(0), {ranked[0].second}, ranked[0].first};
  std::vector<const M*> inside{model(0)};
  for (std::size_t rank = 1; rank < ranked.size(); ++rank) {
    inside.push_back(model(rank));
    M candidate = combine<M>(inside, std::vector<double>(inside.size(), 1.0 / static_cast<double>(inside.size())));
    const double taste = detail::loss_or_nan(loss, candidate);
    if (taste <= soup.loss) {
      soup.model = std::move(candidate);
      soup.members.push_back(ranked[rank].second);
      soup.loss = taste;
    } else {
      inside.pop_back();
    }
  }
  return soup;
}

}  // namespace wsym::inline WSYM_SIMD
