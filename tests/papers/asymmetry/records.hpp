// SPDX-License-Identifier: MIT
#pragma once
#include "asymmetry/journal.hpp"

/// Hand-made records with numbers that are easy to check.
namespace sample {

inline const wsym::asymmetry::Setting accuracy{"digits", "text", "accuracy"};
inline const wsym::asymmetry::Setting rmse{"california_housing", "text", "rmse"};

inline wsym::asymmetry::Cell cell(const std::string& model = "mlp", wsym::Index hidden = 16, wsym::Index repeat = 0) {
  return {"ensemble", "", hidden, model, repeat};
}

inline wsym::asymmetry::Cell mixture(const std::string& model = "mlp", wsym::Index experts = 2, wsym::Index repeat = 0,
                                     const std::string& gate = "softmax") {
  return {"moe", "", 16, model, repeat, gate, experts};
}

inline wsym::asymmetry::MemberRecord member(const wsym::asymmetry::Cell& cell, wsym::Index member, double metric,
                                            double loss = 0.5) {
  wsym::asymmetry::MemberRecord record;
  record.cell = cell;
  record.member = member;
  record.seed = 1234;
  record.train = {0.95, 0.1};
  record.validation = {0.9, 0.2};
  record.test = {metric, loss};
  record.epochs_run = 8;
  record.best_epoch = 7;
  record.parameters = 100;
  record.weights = 90;
  record.frozen = cell.model == "wmlp" ? 9 : 0;
  if (cell.mixture()) {
    record.gate.epochs = {{0.7, 0.25, 0.75, {0.25, 0.75}}, {0.6, 0.125, 0.875, {0.125, 0.875}}};
    record.gate.reported = record.gate.epochs[0];
  }
  record.seconds = 0.25;
  return record;
}

/// A cell of `members` networks whose ensemble of k scores metric(k).
template <class Metric>
wsym::asymmetry::CellRecord finished(const wsym::asymmetry::Cell& cell, wsym::Index members, Metric metric) {
  wsym::asymmetry::CellRecord record;
  record.cell = cell;
  record.members = record.healthy = members;
  for (wsym::Index size = 2; size <= members; size *= 2) {
    wsym::asymmetry::SizeRecord one;
    one.size = size;
    for (const char* groups : {"first", "disjoint"})
      for (const char* average : {"logits", "probabilities"})
        one.views.push_back({groups, average, {metric(size), 0.4}});
    one.averaged_weights = {0.3, 2.0};
    one.diversity = 0.125;
    one.disagreement = 0.25;
    record.sizes.push_back(one);
  }
  record.distance = {5, 4, 3};
  record.seconds = 1;
  return record;
}

/// A finished experiment of `members` networks each: member m of repetition r scores single(m, r), an ensemble of k
/// ensemble(k, r).
template <class Single, class Ensemble>
void add(wsym::asymmetry::Records& records, wsym::asymmetry::Cell cell, wsym::Index repeats, wsym::Index members,
         Single single, Ensemble ensemble) {
  for (cell.repeat = 0; cell.repeat < repeats; ++cell.repeat) {
    for (wsym::Index m = 0; m < members; ++m) records.members[{cell, m}] = member(cell, m, single(m, cell.repeat));
    records.cells[{cell, members}] =
        finished(cell, members, [&](wsym::Index size) { return ensemble(size, cell.repeat); });
  }
}

/// Finished mixtures: the one of that many experts in repetition r scores metric(experts, r).
template <class Metric>
void add_mixtures(wsym::asymmetry::Records& records, wsym::asymmetry::Cell cell,
                  const std::vector<wsym::Index>& experts, wsym::Index repeats, Metric metric) {
  for (cell.repeat = 0; cell.repeat < repeats; ++cell.repeat)
    for (const wsym::Index count : experts) {
      cell.experts = count;
      records.members[{cell, 0}] = member(cell, 0, metric(count, cell.repeat));
      wsym::asymmetry::CellRecord finished;
      finished.cell = cell;
      finished.members = finished.healthy = 1;
      records.cells[{cell, 1}] = finished;
    }
}

}  // namespace sample
