// SPDX-License-Identifier: MIT
#include "asymmetry/comparison.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "papers/asymmetry/studies.hpp"
#include "tools/lab/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

const Setting authors{"digits", "code", "accuracy"};

/// Ours: singles 0.5; MLP ensembles 0.52, 0.54; WMLP ensembles 0.54, 0.58; two repetitions.
constexpr const char* numbers =
    "digits,ensemble,,16,mlp,1,accuracy,0.5,0.01,10\n"
    "digits,ensemble,,16,mlp,2,accuracy,0.53,0.01,10\n"
    "digits,ensemble,,16,mlp,64,accuracy,0.6,0.01,10\n"
    "digits,ensemble,,16,wmlp,1,accuracy,0.5,0.02,10\n"
    "digits,ensemble,,16,wmlp,2,accuracy,0.52,0.001,10\n";

}  // namespace

TEST_CASE("comparison: z is the difference in standard errors of both means with the published spread") {
  Compared one;
  one.ours = {0.52, 0.5, 2};
  one.published = {0.53, 0.01, 10};
  CHECK(one.difference() == doctest::Approx(-0.01));
  CHECK(one.z() == doctest::Approx(-1 / std::sqrt(0.6)));
}

TEST_CASE("comparison: what both sides have is compared, single networks too, and nothing else") {
  const ScratchFolder folder;
  const Published published = sample::published(folder.path, numbers);
  const Study study = sample::study(authors, "Digits", sample::two_models(16));
  const std::vector<Compared> list = compare(study, {}, published);
  REQUIRE(list.size() == 4);
  CHECK(list[0].cell.model == "mlp");
  CHECK(list[0].size == 1);
  CHECK(list[0].z() == 0);
  CHECK(list[1].size == 2);
  CHECK(list[1].gain == doctest::Approx(4));
  CHECK(list[1].published_gain == doctest::Approx(6));
  CHECK(list[3].cell.model == "wmlp");
  const Agreement all = agreement(list);
  CHECK(all.cells == 4);
  CHECK(all.beyond == 1);
  CHECK(all.rms == doctest::Approx(std::sqrt((1 / 0.6 + 400 / 0.6) / 4)));
  CHECK(agreement({}).cells == 0);
}

TEST_CASE("comparison: variants are not the authors' method") {
  const ScratchFolder folder;
  Records records;
  Cell cell = sample::cell("wmlp");
  cell.variant = "mask_seed=1";
  sample::add(
      records, cell, 2, 2, [](Index, Index) { return 0.5; }, [](Index, Index) { return 0.5; });
  const Study study = sample::study(authors, "Digits", std::move(records));
  CHECK(compare(study, {}, sample::published(folder.path, numbers)).empty());
}

TEST_CASE("comparison: the advantage in gain is compared by its sign, pair by pair") {
  const ScratchFolder folder;
  const Study study = sample::study(authors, "Digits", sample::two_models(16));
  const auto gaps = gain_gaps(compare(study, {}, sample::published(folder.path, numbers)));
  REQUIRE(gaps.size() == 1);  // of size 2; size 1 is the baseline
  CHECK(gaps[0].panel == PanelKey{"", 16});
  CHECK(gaps[0].size == 2);
  CHECK(gaps[0].ours == doctest::Approx(4));
  CHECK(gaps[0].published == doctest::Approx(-2));
  CHECK_FALSE(gaps[0].same_sign());
}

TEST_CASE("comparison: mixtures are compared by gate, and interpolated with interpolated experts") {
  const ScratchFolder folder;
  Records records;
  for (const char* model : {"imlp", "iwmlp"})
    sample::add_mixtures(records, sample::mixture(model), {2, 4}, 2, [](Index k, Index) { return k == 2 ? 0.5 : 0.6; });
  const Study study = sample::study(authors, "Digits", std::move(records));
  const Published published = sample::published(folder.path,
                                                "digits,moe,softmax,16,imlp,2,accuracy,0.5,0.1,10\n"
                                                "digits,moe,softmax,16,imlp,4,accuracy,0.5,0.1,10\n"
                                                "digits,moe,softmax,16,iwmlp,2,accuracy,0.5,0.1,10\n"
                                                "digits,moe,softmax,16,iwmlp,4,accuracy,0.4,0.1,10\n"
                                                "digits,moe,gumbel,16,imlp,2,accuracy,0.5,0.1,10\n");
  const std::vector<Compared> list = compare(study, {}, published);
  CHECK(list.size() == 4);
  const auto gaps = gain_gaps(list);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].interpolated);
  CHECK(gaps[0].ours == 0);
  CHECK(gaps[0].published == doctest::Approx(-20));
}

TEST_CASE("comparison: the csv has a row for the metric and one for the improvement of each number") {
  const ScratchFolder folder;
  std::vector<Study> studies;
  studies.push_back(sample::study(authors, "Digits", sample::two_models(16)));
  const std::string text =
      comparison_csv(studies, {}, sample::published(folder.path, "digits,ensemble,,16,mlp,1,accuracy,0.25,0.25,10\n"));
  CHECK(text ==
        "dataset,preset,experiment,panel,series,size,metric,mean,sd,n,published_mean,published_sd,published_n,"
        "difference,z\n"
        "digits,code,ensemble,16,mlp,1,accuracy,0.5,0,2,0.25,0.25,10,0.25,1.2909944487358056\n"
        "digits,code,ensemble,16,mlp,1,improvement_pct,0,,2,0,,10,0,\n");
}

TEST_CASE("comparison: of preset text the differences are known, but have no z, and none is beyond 3") {
  const ScratchFolder folder;
  std::vector<Study> studies;
  studies.push_back(sample::study({"digits", "text", "accuracy"}, "Digits", sample::two_models(16)));
  const Published published = sample::published(folder.path, "digits,ensemble,,16,mlp,1,accuracy,0.25,0.01,10\n");
  const std::vector<Compared> list = compare(studies[0], {}, published);
  REQUIRE(list.size() == 1);
  CHECK(list[0].difference() == 0.25);
  CHECK(std::isnan(list[0].z()));
  CHECK(agreement(list).cells == 0);
  CHECK(agreement(list).beyond == 0);
  CHECK(sample::contains(comparison_csv(studies, {}, published),
                         "digits,text,ensemble,16,mlp,1,accuracy,0.5,0,2,0.25,0.01,10,0.25,\n"));
}
