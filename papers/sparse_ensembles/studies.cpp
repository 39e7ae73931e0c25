// SPDX-License-Identifier: MIT
#include "sparse_ensembles/studies.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/text.hpp"
#include "sparse_ensembles/maker.hpp"

namespace wsym::sparse_ensembles {
namespace {

using Metrics = std::vector<std::string>;

const Metrics usual = {"nll", "error", "ece", "kl"};
const Metrics with_cost = {"nll", "error", "ece", "kl", "train_flops", "forward_flops"};

/// The number of experts that a row of a member chooses among.
Index at_hand(const System& s) {
  return divides(s) ? (s.experts - s.shared) / s.members + s.shared : s.experts;
}

bool fits(const System& s) {
  if (!sparse(s)) return true;
  return (!divides(s) || (s.experts - s.shared) % s.members == 0) && s.top_k <= at_hand(s) && s.upstream_k <= s.experts;
}

class List {
 public:
  explicit List(const Maker& make) : common_(make.common()) {}

  void add(const System& system) { add(describe(system, common_), system); }
  void add(const std::string& label, const System& system) {
    const bool there =
        std::any_of(rows_.begin(), rows_.end(), [&](const Study::Row& row) { return row.system == system; });
    if (fits(system) && !there) rows_.push_back({label, system});
  }
  std::vector<Study::Row> rows() { return std::move(rows_); }

 private:
  const System& common_;
  std::vector<Study::Row> rows_;
};

Study table2(const Maker& make) {
  List list(make);
  list.add(make("moe", 4));
  list.add(make("e3", 2, 2));
  for (const double noise : {1.0, 2.0, 4.0})
    list.add(message("tiling (K=2, M=2), noise x", noise), make("tiling", 2, 2, [=](System& s) { s.noise *= noise; }));
  list.add(make("partitioning", 2, 2));
  return {"table2", "Partitioning and tiling, apart and together", usual, list.rows()};
}

Study overlap(const Maker& make, const char* name, Index top_k) {
  List list(make);
  for (const Index part : {0, 16, 8, 4, 2, 1}) {
    const Index shared = part == 0 ? 0 : make.experts() / part;
    if (part > 1 && make.experts() % part != 0) continue;
    list.add(message(shared, " of ", make.experts(), " experts shared"),
             make("overlap", top_k, 2, [=](System& s) { s.shared = shared; }));
  }
  return {name, message("Overlap of the members' experts, K = ", top_k, ", M = 2"), usual, list.rows()};
}

Study table4(const Maker& make) {
  List list(make);
  for (const Index k : {1, 2, 4}) list.add(make("e3", k, 2));
  for (const Index k : {2, 4, 8}) list.add(make("multi_pred", k));
  for (const Index k : {2, 4, 8}) list.add(make("moe", k));
  return {"table4", "Members by partition, or K predictions of one sparse network", usual, list.rows()};
}

constexpr std::pair<Index, Index> small_grid[] = {{1, 2}, {1, 4}, {2, 2}, {2, 4}, {4, 2}};

Study table5(const Maker& make) {
  List list(make);
  list.add(make("mlp"));
  for (const Index m : {2, 4}) list.add(make("batch_ensemble", 1, m));
  for (const Index k : {1, 2, 4, 8}) list.add(make("moe", k));
  for (const auto& [k, m] : small_grid) list.add(make("mc_dropout", k, m));
  for (const Index repeats : {1, 2})
    for (const Index m : {2, 4})
      list.add(message("mimo (K=2, M=", m, "), rows used ", repeats == 1 ? "once" : "twice"),
               make("mimo", 2, m, [=](System& s) { s.repeats = repeats; }));
  for (const auto& [k, m] : small_grid) list.add(make("e3", k, m));
  for (const Index m : {2, 4, 32}) list.add(make("tabm", 1, m));
  return {"table5", "Efficient ensembles (Tables 5 and 12)", with_cost, list.rows()};
}

Study table13(const Maker& make) {
  List list(make);
  for (const Index k : {1, 2})
    for (Index p = 0; p <= 5; ++p)
      list.add(message("e3 (K=", k, ", M=2), ", p == 0 ? std::string("as they are") : message("permutation ", p)),
               make.from_upstream("e3", k, 2, k, p));
  return {"table13", "Experts permuted before they are divided", usual, list.rows()};
}

void add_deep_ensembles(const Maker& make, List& list) {
  for (const Index m : {2, 4}) list.add(message("up-DE (M=", m, ")"), make("deep_ensemble", 1, m));
  for (const Index m : {2, 4}) list.add(message("down-DE (M=", m, ")"), make.from_upstream("deep_ensemble", 1, m, 1));
}

Study table14(const Maker& make) {
  List list(make);
  for (const Index m : {2, 4}) list.add(make("batch_ensemble", 1, m));
  for (const Index m : {2, 4}) list.add(make("mimo", 2, m));
  for (const Index m : {2, 4}) list.add(make("e3", 1, m));
  add_deep_ensembles(make, list);
  return {"table14",
          "Ensembles and their members",
          {"nll", "member_nll", "nll_1", "nll_2", "nll_3", "nll_4", "error", "member_error", "error_1", "error_2",
           "error_3", "error_4", "ece", "member_ece", "ece_1", "ece_2", "ece_3", "ece_4", "kl"},
          list.rows()};
}

Study table15(const Maker& make) {
  List list(make);
  add_deep_ensembles(make, list);
  list.add("one network from upstream, K=2", make.from_upstream("moe", 2, 1, 1));
  return {"table15",
          "Deep ensembles of one upstream network, and of their own",
          {"nll", "error", "ece", "kl", "cosine", "normalised_disagreement"},
          list.rows()};
}

Study table17(const Maker& make) {
  List list(make);
  for (const Index k : {1, 2})
    for (const Index m : {1, 2, 4}) {
      list.add(message("M=", m, ", E=", make.experts() / m, ", K=", k),
               make.networks(k, m, [=](System& s) { s.experts /= m; }));
    }
  return {"table17", "Deep ensembles with as many experts in all", with_cost, list.rows()};
}

Study table19(const Maker& make) {
  List list(make);
  for (const Index upstream_k : {2, 4})
    for (const Index m : {2, 4})
      list.add(message("e3 (K=1, M=", m, ") from K=", upstream_k), make.from_upstream("e3", 1, m, upstream_k));
  return {"table19", "e3 from upstream networks of several K", usual, list.rows()};
}

/// The families that few-shot and out-of-distribution tables compare. classes: all, or seen, without the last ones.
std::vector<Study::Row> families(const Maker& make, const std::string& classes) {
  List list(make);
  const auto of = [&](System& s) {
    s.classes = classes;
  };
  list.add("mlp", make("mlp", 1, 1, of));
  list.add("moe (K=1)", make("moe", 1, 1, of));
  list.add("moe (K=2)", make("moe", 2, 1, of));
  list.add("e3 (K=1, M=2)", make("e3", 1, 2, of));
  list.add("e3 (K=1, M=4)", make("e3", 1, 4, of));
  list.add("e3 (K=2, M=2)", make("e3", 2, 2, of));
  list.add("deep_ensemble (K=1, M=2)", make("deep_ensemble", 1, 2, of));
  return list.rows();
}

Study table9(const Maker& make) {
  Metrics metrics;
  for (const char* const kind : {"joint", "disjoint"})
    for (const int shots : {1, 5, 10, 25}) metrics.push_back(message("few_shot_", kind, "_", shots));
  return {"table9", "Few-shot error on held-out classes (Tables 9, 35, 36)", metrics, families(make, "seen"),
          Study::Needs::held_out_classes};
}

Study table31(const Maker& make) {
  return {"table31",
          "Rows of held-out classes told apart (Tables 31 to 34)",
          {"aupr", "auroc", "fpr95", "other_aupr", "other_auroc", "other_fpr95", "nll", "error"},
          families(make, "seen"),
          Study::Needs::held_out_classes};
}

Study other_rows(const Maker& make) {
  return {"ood",
          "Rows of another data set told apart (Tables 31 to 34)",
          {"other_aupr", "other_auroc", "other_fpr95", "nll", "error"},
          families(make, "all"),
          Study::Needs::other_rows};
}

Study fig2(const Maker& make) {
  List list(make);
  for (const Index m : {1, 2, 4, 8})
    for (const Index k : {1, 2, 4, 8}) list.add(message("K=", k, ", M=", m), make.networks(k, m));
  return {"fig2", "K experts a row against M networks", with_cost, list.rows()};
}

Study fig3(const Maker& make) {
  List list(make);
  for (const double factor : {0.5, 1.0, 2.0}) {
    list.add(make.scaled("mlp", 1, 1, factor));
    for (const Index k : {1, 2}) list.add(make.scaled("moe", k, 1, factor));
    list.add(make.scaled("e3", 1, 2, factor));
    list.add(make.scaled("deep_ensemble", 1, 2, factor));
  }
  for (const Index m : {2, 4}) list.add(make("deep_ensemble", 1, m, [](System& s) { s.base = "mlp"; }));
  list.add(make("deep_ensemble", 1, 4));
  for (const auto& [k, m] : small_grid) list.add(make("e3", k, m));
  return {"fig3",
          "Metrics against FLOPs (Figures 3 to 8, 22, 23)",
          {"nll", "error", "ece", "brier", "kl", "train_flops", "forward_flops"},
          list.rows()};
}

Study fig9(const Maker& make) {
  List list(make);
  for (const double factor : {0.25, 0.375, 0.5, 0.75, 1.0, 1.5, 2.0}) list.add(make.scaled("mlp", 1, 1, factor));
  for (const double factor : {0.5, 1.0, 2.0}) {
    list.add(make.scaled("moe", 1, 1, factor));
    list.add(make.scaled("e3", 1, 2, factor));
  }
  return {"fig9",
          "Gains over dense networks, plain and normalised (Figure 9, Table 10)",
          {"nll", "train_flops"},
          list.rows()};
}

Study fig10(const Maker& make) {
  List list(make);
  for (const char* const model : {"moe", "e3"})
    for (int power = -4; power <= 2; ++power) {
      const double lambda = std::pow(10.0, power);
      const bool members = std::string(model) == "e3";
      list.add(message(members ? "e3 (K=1, M=2)" : "moe (K=2)", ", lambda ", lab::shortest(lambda)),
               make(model, members ? 1 : 2, members ? 2 : 1, [=](System& s) { s.balance = lambda; }));
    }
  return {"fig10",
          "The weight of the balance losses",
          {"nll", "error", "ece", "kl", "router_entropy", "dead_experts"},
          list.rows()};
}

Study fig11(const Maker& make) {
  List list(make);
  for (const double sd : {0.0, 1e-8, 1e-6, 1e-4, 1e-2, 1e-1, 1.0})
    list.add(message("e3 (K=1, M=2), sd ", lab::shortest(sd)),
             make("e3", 1, 2, [=](System& s) { s.expert_start = "equal", s.perturbation = sd; }));
  return {"fig11", "Noise on experts that begin as one", usual, list.rows()};
}

Study fig12(const Maker& make) {
  List list(make);
  for (const Index experts : {32, 16, 8, 4})
    for (const Index k : {1, 2, 4, 8})
      for (const Index m : {1, 2, 4})
        if (experts == 32 || k == 2)
          list.add(message("E=", experts, ", K=", k, ", M=", m),
                   make.networks(k, m, [=](System& s) { s.experts = experts; }));
  return {"fig12", "Curves over K, M and E", usual, list.rows()};
}

std::vector<Study> all_studies(const System& common) {
  const Maker make(common);
  return {table2(make),    overlap(make, "table3", 2),
          table4(make),    table5(make),
          table9(make),    table13(make),
          table14(make),   table15(make),
          table17(make),   overlap(make, "table18", 1),
          table19(make),   table31(make),
          fig2(make),      fig3(make),
          fig9(make),      fig10(make),
          fig11(make),     fig12(make),
          other_rows(make)};
}

/// Tables and figures of the paper that show the same systems.
const std::map<std::string, std::string> same_as = {
    {"table12", "table5"},  {"table10", "fig9"},   {"table32", "table31"}, {"table33", "table31"},
    {"table34", "table31"}, {"table35", "table9"}, {"table36", "table9"},  {"fig4", "fig3"},
    {"fig5", "fig3"},       {"fig6", "fig3"},      {"fig7", "fig3"},       {"fig8", "fig3"},
    {"fig22", "fig3"},      {"fig23", "fig3"}};

}  // namespace

std::vector<std::string> study_names() {
  std::vector<std::string> names = {"all", "tables"};
  for (const Study& study : all_studies({})) names.push_back(study.name);
  for (const auto& [name, study] : same_as) names.push_back(name);
  return names;
}

std::vector<Study> studies_of(const std::vector<std::string>& names, const System& common, Index classes, bool other) {
  const bool can_hold_out = held_out(classes) >= 2 && classes - held_out(classes) >= 2;
  const auto fits = [&](const Study& study) {
    return study.needs == Study::Needs::nothing || (study.needs == Study::Needs::other_rows ? other : can_hold_out);
  };
  const auto wanted = [&](const Study& study, const std::string& name) {
    if (name == "all") return fits(study);
    if (name == "tables") return fits(study) && !study.name.starts_with("fig");
    const auto alias = same_as.find(name);
    return study.name == (alias == same_as.end() ? name : alias->second);
  };
  std::vector<Study> chosen;
  for (Study& study : all_studies(common))
    if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return wanted(study, name); }))
      chosen.push_back(std::move(study));
  return chosen;
}

Study listed(const std::vector<System>& systems, const System& common) {
  Study study{"systems", "Systems", {"nll", "error", "brier", "ece", "kl", "train_flops", "forward_flops"}, {}};
  for (const System& system : systems) study.rows.push_back({describe(system, common), system});
  return study;
}

std::vector<System> systems_of(const std::vector<Study>& studies) {
  std::vector<System> systems;
  for (const Study& study : studies)
    for (const Study::Row& row : study.rows)
      if (std::find(systems.begin(), systems.end(), row.system) == systems.end()) systems.push_back(row.system);
  return systems;
}

}  // namespace wsym::sparse_ensembles
