// SPDX-License-Identifier: MIT
#include "asymmetry/report.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/records.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

class PricedTrainer : public Trainer {
 public:
  std::optional<MemberRecord> train(const Cell&, Index, const std::string&, const std::atomic<bool>&) const override {
    return std::nullopt;
  }
  CellRecord evaluate(const Cell&, Index, const std::vector<std::string>&) const override { return {}; }
  std::string fault(const Cell&, Index, const std::string&) const override { return {}; }
  Cost cost(const Cell& cell) const override { return {1e6, 1e10 * double(cell.hidden), 100}; }
  double time_epoch(const Cell&) const override { return 0.5; }
};

Options two_models() {
  Options o;
  o.hidden = {16, 64};
  o.repeats = 2;
  o.mask_scope = "shared";
  return o;
}

}  // namespace

TEST_CASE("report: Table 1 gives the sizes of both presets' parts as the spec does") {
  const std::string row = describe({"california_housing", "California housing", 20640, 8, 0, 8, 1, 100, false});
  for (const char* part : {"california_housing", "20640", "regression", "rmse", "13209/3303/4128", "14860/1652/4128"})
    CHECK(contains(row, part));
  CHECK(contains(describe({"adult_income", "", 48842, 6, 8, 108, 2, 30, false}), "31258/7815/9769"));
}

TEST_CASE("report: the identity holds what must not change, and nothing that may") {
  Prepared<float> data;
  data.name = "digits";
  data.fingerprint = 255;
  const Json identity = run_header(two_models(), data, "digits").identity;
  CHECK(identity.string("data") == "00000000000000ff");
  for (const char* option : {"program", "preset", "network", "optimiser", "lr", "weight_decay", "batch_size", "epochs",
                             "patience", "weights", "seed", "precision"})
    CHECK(identity.contains(option));
  Options other = two_models();
  other.members = 99;
  other.repeats = 99;
  other.hidden = {8};
  other.models = {"mlp"};
  other.threads = 99;
  other.average = "probabilities";
  other.groups = "disjoint";
  CHECK(run_header(other, data, "other").identity == identity);
  other.seed = 99;
  CHECK(run_header(other, data, "other").identity != identity);
}

TEST_CASE("report: the estimate scales one timed epoch to the work, the threads and the disk") {
  const PricedTrainer trainer;
  std::vector<Work> work;
  for (Index member = 0; member < 4; ++member) work.push_back({sample::cell("mlp", 16), member});
  for (Index member = 0; member < 4; ++member) work.push_back({sample::cell("mlp", 64), member});
  CHECK(estimate(work, trainer, {"", 4, 2, false}) ==
        "8 networks to train, 8.0 MB of disk at most while it runs; at most 8 min 20 s if every network takes all its "
        "epochs (one epoch of mlp, hidden 16, repetition 0 took 500 ms), less where they stop early");
  CHECK(contains(estimate({work[0]}, trainer, {"", 1, 2, true}), "1 network to train, 1.0 MB of disk; at most 50 s"));
  CHECK(estimate({}, trainer, {}) == "nothing to train");
  CHECK(estimate({{sample::cell(), std::nullopt}}, trainer, {}) == "nothing to train");
}
