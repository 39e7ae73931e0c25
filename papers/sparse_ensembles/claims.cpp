// SPDX-License-Identifier: MIT
#include "sparse_ensembles/claims.hpp"

#include <algorithm>
#include <cmath>

#include "lab/text.hpp"
#include "sparse_ensembles/maker.hpp"
#include "wsym/metrics/statistics.hpp"

namespace wsym::sparse_ensembles {
namespace {

using lab::csv_field;
using lab::shortest;

/// A number for each repetition.
using Series = std::map<Index, double>;

Series operator-(const Series& a, const Series& b) {
  Series difference;
  for (const auto& [repeat, value] : a)
    if (const auto other = b.find(repeat); other != b.end()) difference[repeat] = value - other->second;
  return difference;
}
Series operator/(const Series& a, const Series& b) {
  Series quotient;
  for (const auto& [repeat, value] : a)
    if (const auto other = b.find(repeat); other != b.end()) quotient[repeat] = value / other->second;
  return quotient;
}
Series operator*(double factor, Series a) {
  for (auto& [repeat, value] : a) value *= factor;
  return a;
}

/// Weighs each claim's systems against each other.
class Judge {
 public:
  Judge(const Records& records, const System& common) : records_(records), make_(common) {}

  std::vector<Finding> findings() {
    static_ensembles();
    growing_k_or_m();
    e3_against_k();
    e3_against_deep();
    apart();
    overlap();
    multi_pred();
    others();
    diversity();
    fewer_experts();
    robustness();
    few_shot();
    return std::move(findings_);
  }

 private:
  Series of(const System& system, const std::string& metric) const {
    Series series;
    for (const Record* record : repeats_of(records_, system))
      if (const double value = record->number(metric); std::isfinite(value)) series[record->repeat] = value;
    return series;
  }
  Series nll(const System& system) const { return of(system, "nll"); }

  /// The claim holds if the difference lies below the bound.
  void below(Index claim, const std::string& says, const std::string& measured, const Series& difference,
             double bound = 0) {
    add(claim, says, measured, difference, bound, -HUGE_VAL);
  }
  /// The claim holds if the difference is less than the bound in size.
  void within(Index claim, const std::string& says, const std::string& measured, const Series& difference,
              double bound) {
    add(claim, says, measured, difference, bound, -bound);
  }
  void add(Index claim, const std::string& says, const std::string& measured, const Series& difference, double bound,
           double least) {
    std::vector<double> values;
    for (const auto& [repeat, value] : difference) values.push_back(value);
    if (values.empty()) return;
    Finding f{claim, says, measured, 0, 0, 0, bound, static_cast<Index>(values.size()), "undecided"};
    const Interval interval = mean_interval(values);
    f.mean = wsym::summarise(values).mean, f.lower = interval.low, f.upper = interval.high;
    if (f.upper < bound && f.lower > least) f.verdict = "holds";
    if (f.lower > bound || f.upper < least) f.verdict = "does not";
    findings_.push_back(f);
  }

  System deep(const char* base) const {
    return make_("deep_ensemble", 1, 2, [=](System& s) { s.base = base; });
  }
  System moe(Index k) const { return make_("moe", k); }
  System e3(Index k, Index m) const { return make_("e3", k, m); }

  void static_ensembles() {
    const Series sparse = nll(moe(1)) - nll(deep("moe")), dense = nll(make_("mlp")) - nll(deep("mlp"));
    below(1, "static ensembles help sparse mixtures as much as dense networks",
          "3/4 of the NLL gain of two mlp - gain of two moe", 0.75 * dense - sparse);
  }

  /// M networks of their own; from upstream the first member of two is the one network, of half their FLOPs.
  void growing_k_or_m() {
    below(2, "K is to be grown before M", "NLL gain a forward FLOP over (K=1, M=1), of (K=1, M=2) - of (K=2, M=1)",
          gain_per_flop(deep("moe"), moe(1)) - gain_per_flop(moe(2), moe(1)));
    const System down = make_.from_upstream("deep_ensemble", 1, 2, 1), other = make_.from_upstream("moe", 2, 1, 1);
    const Series one = of(down, "nll_1"), flops = 0.5 * of(down, "forward_flops");
    below(2, "K is to be grown before M", "the same of networks fine-tuned from one",
          (one - nll(down)) / flops - (one - nll(other)) / (of(other, "forward_flops") - flops));
    for (const auto& [k, m] : {std::pair<Index, Index>{8, 1}, {1, 8}})
      below(2, "the best has both large", message("NLL, (K=8, M=8) - (K=", k, ", M=", m, ")"),
            nll(make_.networks(8, 8)) - nll(make_.networks(k, m)));
  }

  void e3_against_k() {
    for (const char* const metric : {"nll", "error", "ece"})
      below(3, "e3 (K=1, M=2) beats a moe of K=2", message(metric, ", e3 - moe"),
            of(e3(1, 2), metric) - of(moe(2), metric));
    for (const Index k : {1, 2})
      below(12, "e3 is better calibrated than the sparse mixture",
            message("ECE, e3 (K=", k, ", M=2) - moe (K=", k, ")"), of(e3(k, 2), "ece") - of(moe(k), "ece"));
    for (const Index k : {1, 2})
      below(12, "and than the dense network", message("ECE, e3 (K=", k, ", M=2) - mlp"),
            of(e3(k, 2), "ece") - of(make_("mlp"), "ece"));
  }

  void e3_against_deep() {
    below(4, "e3 reaches the NLL of a deep ensemble of two", "NLL, e3 (K=1, M=2) - 1.01 x deep ensemble",
          nll(e3(1, 2)) - 1.01 * nll(deep("moe")));
    const Series saved = of(e3(1, 2), "train_flops") / of(deep("moe"), "train_flops");
    below(4, "with 30 to 45 % fewer FLOPs",
          "training FLOPs, e3 / deep ensemble, bound 0.70 (they follow from the blocks before the first sparse one)",
          saved, 0.70);
  }

  void apart() {
    const Series usual = 0.99 * nll(moe(4));
    below(5, "partitioning alone does not help", "NLL, 0.99 x moe (K=4) - partitioning (K=2, M=2)",
          usual - nll(make_("partitioning", 2, 2)));
    for (const double noise : {1.0, 2.0, 4.0}) {
      const System tiling = make_("tiling", 2, 2, [=](System& s) { s.noise *= noise; });
      below(5, "tiling alone does not help", message("NLL, 0.99 x moe (K=4) - tiling (K=2, M=2), noise x", noise),
            usual - nll(tiling));
      below(5, "and has no diversity", message("KL of tiling, noise x", noise, " - a tenth of e3's"),
            of(tiling, "kl") - 0.1 * of(e3(2, 2), "kl"));
    }
  }

  /// The least-squares slope of a metric over the share of experts that are shared, in repetitions that have them all.
  Series slope_over_overlap(const std::string& metric, Index top_k) const {
    std::map<Index, std::vector<std::pair<double, double>>> points;
    std::size_t shares = 0;
    for (const Index part : {0, 16, 8, 4, 2, 1}) {
      const Index shared = part == 0 ? 0 : make_.experts() / part;
      const Series values = of(make_("overlap", top_k, 2, [=](System& s) { s.shared = shared; }), metric);
      shares += !values.empty();
      for (const auto& [repeat, value] : values)
        points[repeat].emplace_back(static_cast<double>(shared) / static_cast<double>(make_.experts()), value);
    }
    Series slopes;
    for (const auto& [repeat, list] : points) {
      if (list.size() < std::max<std::size_t>(shares, 3)) continue;
      const double n = static_cast<double>(list.size());
      double x = 0, y = 0, xx = 0, xy = 0;
      for (const auto& [a, b] : list) x += a, y += b, xx += a * a, xy += a * b;
      slopes[repeat] = (n * xy - x * y) / (n * xx - x * x);
    }
    return slopes;
  }
  void overlap() {
    for (const Index k : {1, 2}) {
      below(6, "NLL rises with the overlap", message("- slope of the NLL over the shared part, K=", k),
            -1 * slope_over_overlap("nll", k));
      below(6, "KL falls with the overlap", message("slope of the KL, K=", k), slope_over_overlap("kl", k));
    }
  }

  void multi_pred() {
    below(7, "multi-pred gets worse with K", "NLL, K=2 - K=8",
          nll(make_("multi_pred", 2)) - nll(make_("multi_pred", 8)));
    below(7, "and has no diversity", "KL, multi-pred (K=2) - a quarter of that of e3 (K=2, M=2)",
          of(make_("multi_pred", 2), "kl") - 0.25 * of(e3(2, 2), "kl"));
  }

  /// What a system gains over a base in NLL, for each FLOP that its prediction takes more.
  Series gain_per_flop(const System& system, const System& base) const {
    return (nll(base) - nll(system)) / (of(system, "forward_flops") - of(base, "forward_flops"));
  }
  void others() {
    const Series of_e3 = gain_per_flop(e3(1, 2), moe(1));
    below(8, "batch ensembles gain less a FLOP than e3",
          "NLL gain a forward FLOP, batch ensemble (M=2) over mlp - e3 (K=1, M=2) over moe",
          gain_per_flop(make_("batch_ensemble", 1, 2), make_("mlp")) - of_e3);
    below(8, "Monte Carlo dropout gains less a FLOP than e3", "the same of mc_dropout (K=1, M=2) over moe",
          gain_per_flop(make_("mc_dropout", 1, 2), moe(1)) - of_e3);
    below(8, "mimo gains less a FLOP than e3", "the same of mimo (K=2, M=2) over moe (K=2)",
          gain_per_flop(make_("mimo", 2, 2), moe(2)) - of_e3);
    below(8, "mimo gains less than e3", "NLL gain, mimo (K=2, M=2) over moe (K=2) - e3 (K=1, M=2) over moe",
          (nll(moe(2)) - nll(make_("mimo", 2, 2))) - (nll(moe(1)) - nll(e3(1, 2))));
    below(8, "mimo has no diversity", "KL of mimo (K=2, M=2) - a tenth of e3's",
          of(make_("mimo", 2, 2), "kl") - 0.1 * of(e3(1, 2), "kl"));
  }

  void diversity() {
    const System down = make_.from_upstream("deep_ensemble", 1, 2, 1);
    const Series kl = of(e3(1, 2), "kl");
    below(9, "e3 is more diverse than a down-ensemble", "KL, down-ensemble (M=2) - e3 (K=1, M=2) from upstream",
          of(down, "kl") - of(make_.from_upstream("e3", 1, 2, 1), "kl"));
    below(9, "e3 is as diverse as an up-ensemble", "KL, 3/4 of that of an up-ensemble (M=2) - e3",
          0.75 * of(deep("moe"), "kl") - kl);
    below(9, "its members are worse than one model", "NLL, moe (K=1) - mean member of e3",
          nll(moe(1)) - of(e3(1, 2), "member_nll"));
    below(9, "its ensemble is better", "NLL, e3 - moe (K=1)", nll(e3(1, 2)) - nll(moe(1)));
  }

  void fewer_experts() {
    const auto ensemble = [&](Index k, Index m) {
      return nll(make_.networks(k, m, [=](System& s) { s.experts /= m; }));
    };
    for (const Index k : {1, 2})
      for (const Index m : {2, 4})
        below(10, "fewer experts in more members are better",
              message("NLL, (M=", m, ", E=", make_.experts() / m, ") - (M=", m / 2, ", E=", make_.experts() * 2 / m,
                      "), K=", k),
              ensemble(k, m) - ensemble(k, m / 2));
  }

  /// Over some systems, in every repetition that has them all.
  Series mean_nll(const std::vector<System>& systems) const {
    std::map<Index, std::vector<double>> values;
    for (const System& system : systems)
      for (const auto& [repeat, value] : nll(system)) values[repeat].push_back(value);
    Series means;
    for (const auto& [repeat, list] : values)
      if (list.size() == systems.size()) means[repeat] = wsym::summarise(list).mean;
    return means;
  }

  void robustness() {
    for (const auto& [model, k, m] : {std::tuple("e3", 1, 2), std::tuple("moe", 2, 1)})
      for (const int power : {-4, -3, -1, 0}) {
        const auto with = [&, name = model, top_k = k, members = m](double lambda) {
          return nll(make_(name, top_k, members, [=](System& s) { s.balance = lambda; }));
        };
        const double lambda = std::pow(10.0, power);
        const Series usual = with(0.01);
        within(11, "results hardly depend on lambda",
               message("NLL of ", model, " (K=", k, m > 1 ? message(", M=", m) : std::string(),
                       "), lambda=", shortest(lambda), " - lambda=0.01, over the latter; bound 5 %"),
               (with(lambda) - usual) / usual, 0.05);
      }
    const Series as_they_are = nll(make_.from_upstream("e3", 1, 2, 1));
    std::vector<System> permuted;
    for (Index p = 1; p <= 5; ++p) permuted.push_back(make_.from_upstream("e3", 1, 2, 1, p));
    within(11, "nor on which experts form a member",
           "NLL, mean of five permutations - as they are, over the latter; bound 5 %",
           (mean_nll(permuted) - as_they_are) / as_they_are, 0.05);
  }

  void few_shot() {
    const System system = make_("e3", 1, 2, [](System& s) { s.classes = "seen"; });
    for (const int shots : {1, 5, 10, 25}) {
      const Series joint = of(system, message("few_shot_joint_", shots)),
                   disjoint = of(system, message("few_shot_disjoint_", shots));
      within(13, "joint and disjoint few-shot agree",
             message("error, joint - disjoint, ", shots, shots == 1 ? " shot" : " shots", ", bound 0.3 points"),
             joint - disjoint, 0.003);
    }
  }

  const Records& records_;
  Maker make_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> findings_of(const Records& records, const System& common) {
  std::vector<Finding> findings = Judge(records, common).findings();
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.claim < b.claim; });
  return findings;
}

std::string claims_csv(const std::vector<Finding>& findings) {
  std::string text = "claim,says,measured,mean,lower,upper,bound,n,verdict\n";
  for (const Finding& f : findings)
    text += lab::join({std::to_string(f.claim), csv_field(f.says), csv_field(f.measured), shortest(f.mean),
                       shortest(f.lower), shortest(f.upper), shortest(f.bound), std::to_string(f.n), f.verdict},
                      ",") +
            "\n";
  return text;
}

}  // namespace wsym::sparse_ensembles
