// SPDX-License-Identifier: MIT
#include "asymmetry/composite.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/studies.hpp"
#include "tools/lab/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

constexpr const char* digits_numbers =
    "digits,ensemble,,16,mlp,1,accuracy,0.5,0.1,10\ndigits,ensemble,,16,mlp,2,accuracy,0.6,0.1,10\n";

}  // namespace

TEST_CASE("composite: every data set has the same weight, at the sizes that all of them have") {
  const Study digits = sample::study(sample::accuracy, "Digits", sample::two_models(16, 0.5, 8)),
              otto = sample::study({"otto", "text", "accuracy"}, "Otto", sample::two_models(16, 0.25, 4));
  const auto list = composite(Figure::ensemble_gain, {"", 16}, {&otto, &digits}, {}, {});
  REQUIRE(list.size() == 2);
  CHECK(list[0].cell.model == "mlp");
  CHECK(list[0].studies.size() == 2);
  REQUIRE(list[0].ours.size() == 2);  // digits alone has ensembles of 8
  CHECK(list[0].ours[0].value == doctest::Approx((4. + 8.) / 2));
  CHECK(list[1].ours[1].value == doctest::Approx((16. + 32.) / 2));
}

TEST_CASE("composite: published numbers stand beside it only if they cover the same data sets") {
  const ScratchFolder folder;
  const Study digits = sample::study(sample::accuracy, "Digits", sample::two_models(16)),
              otto = sample::study({"otto", "text", "accuracy"}, "Otto", sample::two_models(16));
  const Published one = sample::published(folder.path, digits_numbers);
  CHECK(composite(Figure::ensemble_gain, {"", 16}, {&otto, &digits}, {}, one)[0].published.empty());
  const Published both = sample::published(folder.path, std::string(digits_numbers) +
                                                            "otto,ensemble,,16,mlp,1,accuracy,0.5,0.1,10\n"
                                                            "otto,ensemble,,16,mlp,2,accuracy,0.7,0.1,10\n");
  const auto list = composite(Figure::ensemble_gain, {"", 16}, {&otto, &digits}, {}, both);
  REQUIRE(list[0].published.size() == 1);
  CHECK(list[0].published[0].value == doctest::Approx(30));
  CHECK(list[1].published.empty());
}

TEST_CASE("composite: the figure says over how many data sets each panel is, and leaves variants out") {
  Records records = sample::two_models(16);
  Cell cell = sample::cell("wmlp");
  cell.variant = "mask_scope=member";
  sample::add(
      records, cell, 2, 4, [](Index, Index) { return 0.5; }, [](Index, Index) { return 0.6; });
  const Study digits = sample::study(sample::accuracy, "Digits", std::move(records)),
              otto = sample::study({"otto", "text", "accuracy"}, "Otto", sample::two_models(32));
  const Chart chart = composite_chart(Figure::ensemble_gain, {&otto, &digits}, {}, {});
  CHECK(chart.name == "composite1");
  REQUIRE(chart.panels.size() == 2);
  CHECK(chart.panels[0].title == "d = 16 · 1 data set");
  CHECK(chart.panels[0].curves.size() == 2);
}
