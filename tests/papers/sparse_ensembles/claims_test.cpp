// SPDX-License-Identifier: MIT
#include "sparse_ensembles/claims.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "sparse_ensembles/maker.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;

namespace {
void add(Records& records, const System& system, const std::vector<double>& nll) {
  for (std::size_t i = 0; i < nll.size(); ++i) {
    Record record{.system = system, .repeat = static_cast<Index>(i)};
    record.numbers = {{"nll", nll[i]}, {"train_flops", 1000.0 * static_cast<double>(system.members)}};
    records[{to_text(system), record.repeat}] = record;
  }
}
std::vector<Finding> of_claim(const Records& records, Index claim) {
  std::vector<Finding> findings = findings_of(records, {});
  std::erase_if(findings, [&](const Finding& f) { return f.claim != claim; });
  return findings;
}
}  // namespace

TEST_CASE("claims: an interval below the bound holds, above it does not, across it decides nothing") {
  const Maker make(System{});
  const auto verdict = [&](const std::vector<double>& e3, const std::vector<double>& moe) {
    Records records;
    add(records, make("e3", 1, 2), e3);
    add(records, make("moe", 2), moe);
    const auto findings = of_claim(records, 3);
    REQUIRE(findings.size() == 1);  // of the NLL alone: there is no error and no ECE
    CHECK(findings[0].n == 3);
    return findings[0];
  };
  const Finding holds = verdict({0.50, 0.51, 0.49}, {0.60, 0.62, 0.59});
  CHECK(holds.verdict == "holds");
  CHECK(holds.mean == doctest::Approx(-0.31 / 3));
  CHECK(holds.lower < holds.mean);
  CHECK(holds.upper < 0);
  CHECK(verdict({0.60, 0.62, 0.59}, {0.50, 0.51, 0.49}).verdict == "does not");
  CHECK(verdict({0.50, 0.60, 0.55}, {0.55, 0.55, 0.55}).verdict == "undecided");
}

TEST_CASE("claims: repetitions are paired, and those that one system lacks do not count") {
  const Maker make(System{});
  Records records;
  add(records, make("e3", 1, 2), {1.0, 2.0, 3.0, 9.0});
  add(records, make("moe", 2), {1.1, 2.1, 3.1});
  const auto findings = of_claim(records, 3);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].n == 3);
  CHECK(findings[0].mean == doctest::Approx(-0.1));
  CHECK(findings[0].verdict == "holds");  // every difference is -0.1, whatever the levels
}

TEST_CASE("claims: each lambda is held against the usual one, a change either way counts by its size") {
  const auto verdicts = [](double step) {
    Records records;
    const Maker make(System{});
    for (int power = -4; power <= 0; ++power) {
      const double level = 1 + step * (power + 2);
      add(records, make("e3", 1, 2, [=](System& s) { s.balance = std::pow(10.0, power); }),
          {level, level + 0.001, level - 0.001});
    }
    std::vector<std::string> list;
    for (const Finding& finding : of_claim(records, 11)) list.push_back(finding.verdict);
    return list;
  };
  const std::string yes = "holds", no = "does not";
  CHECK(verdicts(0) == std::vector<std::string>{yes, yes, yes, yes});
  CHECK(verdicts(0.04) == std::vector<std::string>{no, yes, yes, no});
  CHECK(verdicts(-0.04) == std::vector<std::string>{no, yes, yes, no});
  CHECK(verdicts(0.2) == std::vector<std::string>{no, no, no, no});
}

TEST_CASE("claims: an ensemble fine-tuned from one network is held against its own first member") {
  Records records;
  const Maker make(System{});
  const auto with = [&](const System& system, double nll, double flops, double first) {
    for (Index repeat = 0; repeat < 3; ++repeat) {
      Record record{.system = system, .repeat = repeat};
      record.numbers = {{"nll", nll}, {"forward_flops", flops}, {"nll_1", first}};
      records[{to_text(system), repeat}] = record;
    }
  };
  with(make.from_upstream("deep_ensemble", 1, 2, 1), 0.5, 2000, 0.6);
  with(make.from_upstream("moe", 2, 1, 1), 0.55, 1250, NAN);
  const auto findings = of_claim(records, 2);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].mean == doctest::Approx(0.1 / 1000 - 0.05 / 250));
  CHECK(findings[0].verdict == "holds");
}

TEST_CASE("claims: a gain counts by the FLOPs that it took") {
  Records records;
  const Maker make(System{});
  const auto with_flops = [&](const System& system, double nll, double flops) {
    for (Index repeat = 0; repeat < 3; ++repeat) {
      Record record{.system = system, .repeat = repeat};
      record.numbers = {{"nll", nll + 0.001 * static_cast<double>(repeat * repeat)}, {"forward_flops", flops}};
      records[{to_text(system), repeat}] = record;
    }
  };
  with_flops(make("moe"), 0.6, 1000), with_flops(make("e3", 1, 2), 0.5, 2000);
  with_flops(make("mlp"), 0.6, 1000), with_flops(make("batch_ensemble", 1, 2), 0.55, 1100);
  const auto findings = of_claim(records, 8);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].mean == doctest::Approx(0.05 / 100 - 0.1 / 1000));
  CHECK(findings[0].verdict == "does not");  // half the gain for a tenth of the work
}

TEST_CASE("claims: the overlap's slope is over all shares, in repetitions that have them all") {
  Records records;
  const Maker make(System{});
  for (const Index shared : {0, 2, 4, 8, 16}) {
    const double level = 1 + 0.5 * static_cast<double>(shared) / 16;
    std::vector<double> nll = {level, level + 0.1, level - 0.1};
    if (shared != 4) nll.push_back(9);
    add(records, make("overlap", 1, 2, [=](System& s) { s.shared = shared; }), nll);
  }
  const auto findings = of_claim(records, 6);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].n == 3);
  CHECK(findings[0].mean == doctest::Approx(-0.5));
  CHECK(findings[0].verdict == "holds");
}

TEST_CASE("claims: e3's calibration is held against the sparse mixture of its K, and against the dense network") {
  Records records;
  const Maker make(System{});
  const auto with_ece = [&](const System& system, double ece) {
    for (Index repeat = 0; repeat < 3; ++repeat) {
      Record record{.system = system, .repeat = repeat};
      record.numbers = {{"ece", ece + 0.001 * static_cast<double>(repeat)}};
      records[{to_text(system), repeat}] = record;
    }
  };
  with_ece(make("e3", 1, 2), 0.02), with_ece(make("moe", 1), 0.05), with_ece(make("mlp"), 0.01);
  const auto findings = of_claim(records, 12);
  REQUIRE(findings.size() == 2);  // K = 2 was not run
  CHECK(findings[0].measured == "ECE, e3 (K=1, M=2) - moe (K=1)");
  CHECK(findings[0].mean == doctest::Approx(-0.03));
  CHECK(findings[0].verdict == "holds");
  CHECK(findings[1].measured == "ECE, e3 (K=1, M=2) - mlp");
  CHECK(findings[1].mean == doctest::Approx(0.01));
  CHECK(findings[1].verdict == "does not");
}

TEST_CASE("claims: nothing is said of systems that were not run; one repetition decides nothing") {
  CHECK(findings_of({}, {}).empty());
  const Maker make(System{});
  Records records;
  add(records, make("e3", 1, 2), {0.5});
  add(records, make("moe", 2), {0.6});
  REQUIRE(of_claim(records, 3).size() == 1);
  CHECK(of_claim(records, 3)[0].verdict == "undecided");
  CHECK(claims_csv(findings_of(records, {})).find("\"e3 (K=1, M=2) beats a moe of K=2\"") != std::string::npos);
}
