// SPDX-License-Identifier: MIT
#include "asymmetry/report_tables.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/studies.hpp"
#include "tools/lab/plain_text.hpp"
#include "tools/lab/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::asymmetry;
using sample::contains;
using sample::plain;

namespace {

Study digits(const char* preset = "code") {
  return sample::study({"digits", preset, "accuracy"}, "Digits", sample::two_models(16));
}

Study mixtures() {
  Records records;
  sample::add_mixtures(records, sample::mixture(), {2, 4}, 2, [](Index k, Index) { return k == 2 ? 0.5 : 0.75; });
  return sample::study(sample::accuracy, "Digits", std::move(records));
}

constexpr const char* numbers =
    "digits,ensemble,,16,mlp,1,accuracy,0.5,0.01,10\ndigits,ensemble,,16,mlp,2,accuracy,0.55,0.01,10\n"
    "digits,ensemble,,16,wmlp,1,accuracy,0.5,0.01,10\ndigits,ensemble,,16,wmlp,2,accuracy,0.6,0.01,10\n";

}  // namespace

TEST_CASE("report tables: a figure's table has its series by size, the published ones under them") {
  const ScratchFolder folder;
  const Published published = sample::published(folder.path, numbers);
  const std::string metric = plain(figure_table(Figure::ensemble_metric, digits(), {}, published));
  for (const std::string part : {"Accuracy, mean ± sd over n repetitions", "width|series|n|single|2|4|",
                                 "d = 16|MLP ensemble|2|0.5000 ± 0.0000|0.5200 ± 0.0000|0.5400 ± 0.0000|",
                                 "|published|10|0.5000 ± 0.0100|0.5500 ± 0.0100||", "|WMLP ensemble|2|"})
    CHECK_MESSAGE(contains(metric, part), part);
  const std::string gain = plain(figure_table(Figure::ensemble_gain, digits(), {}, published));
  for (const std::string part : {"width|series|n|2|4|", "d = 16|MLP ensemble|2|4.00|8.00|", "|published|10|10.00||",
                                 "|WMLP ensemble|2|8.00|16.00|"})
    CHECK_MESSAGE(contains(gain, part), part);
  CHECK(contains(plain(figure_table(Figure::moe_gain, mixtures(), {}, published)),
                 "softmax gate, d = 16|MLP|2|0.00|50.00|"));
}

TEST_CASE("report tables: a composite's table says of how many data sets its means are") {
  const Study one = digits(), other = sample::study({"otto", "text", "accuracy"}, "Otto", sample::two_models(16, 0.25));
  const std::string text = plain(composite_table(Figure::ensemble_gain, {&one, &other}, {}, {}));
  CHECK(contains(text, "width|series|data sets|2|4|"));
  CHECK(contains(text, "d = 16|MLP ensemble|2|6.00|12.00|"));
}

TEST_CASE("report tables: the comparison sums up z and the signs, and marks what is far away") {
  const ScratchFolder folder;
  const std::string html = comparison_tables(digits(), {}, sample::published(folder.path, numbers));
  const std::string text = plain(html);
  for (const std::string part :
       {"All: 4 numbers, rms z 4.33, |z| &#62; 3 in 2. Single networks: 2 numbers, rms z 0.00, |z| &#62; 3 in 0.",
        "panel|series|single|2|", "d = 16|MLP|+0.0|−3.9|", "|WMLP|+0.0|−7.7|", "the sign agrees in 1 of 1",
        "d = 16|WMLP − MLP|+4.00|", "|published|+10.00|",
        "|2|0.52000 ± 0.00000|2|0.55000 ± 0.01000|10|−0.03000|−3.87|"})
    CHECK_MESSAGE(contains(text, part), part);
  CHECK(contains(html, "<td class=\"beyond\">−3.9</td>"));
  CHECK(comparison_tables(digits(), {}, {}).empty());
}

TEST_CASE("report tables: of preset text the comparison has the differences, unmarked and without z, and says why") {
  const ScratchFolder folder;
  const std::string html = comparison_tables(digits("text"), {}, sample::published(folder.path, numbers));
  const std::string text = plain(html);
  for (const std::string part :
       {"The published numbers are of another method, that of preset code: another split,", "|difference|\n",
        "Difference, ours − published", "d = 16|MLP|+0.00000|−0.03000|", "|WMLP|+0.00000|−0.06000|",
        "the sign agrees in 1 of 1", "|2|0.52000 ± 0.00000|2|0.55000 ± 0.01000|10|−0.03000|\n"})
    CHECK_MESSAGE(contains(text, part), part);
  for (const std::string part : {"class=\"beyond\"", "class=\"high\"", "rms z", ">z<"})
    CHECK_MESSAGE(!contains(html, part), part);
}

TEST_CASE("report tables: behind the figures stand training, loss, averaged weights, diversity and distances") {
  const std::string text = plain(networks_table(digits(), {}));
  CHECK(contains(text, "width|series|networks|diverged|parameters|frozen %|epochs|best epoch|seconds|NLL|"));
  CHECK(contains(text,
                 "width|series|k|NLL of k|diversity|disagreement|distance|free part|frozen part|averaged weights|"));
  CHECK(contains(text, "d = 16|WMLP|8|0|100|10.00|8|7|0.2|0.5000 ± 0.0000|"));
  CHECK(
      contains(text, "d = 16|WMLP|4|0.4000 ± 0.0000|0.1250 ± 0.0000|0.2500 ± 0.0000|5.00|4.00|3.00|0.3000 ± 0.0000|"));
  CHECK(networks_table(mixtures(), {}).empty());
}

TEST_CASE("report tables: of mixtures also their gates") {
  const std::string text = plain(mixtures_table(mixtures()));
  CHECK(contains(text, "gate|series|experts|n|diverged|parameters|epochs|seconds|NLL|gate entropy|least|greatest|"));
  CHECK(contains(text, "softmax gate, d = 16|MLP|2|2|0|100|8|0.2|0.5000 ± 0.0000|0.700|0.250|0.750|"));
  CHECK(contains(text, "||4|2|0|"));
  CHECK(mixtures_table(digits()).empty());
}

TEST_CASE("report tables: variants have a table of their own") {
  CHECK(variants_table(digits(), {}).empty());
  Records records;
  Cell cell = sample::cell("wmlp");
  cell.variant = "kappa=0.5";
  sample::add(
      records, cell, 2, 4, [](Index, Index) { return 0.5; }, [](Index, Index) { return 0.75; });
  const Study study = sample::study(sample::accuracy, "Digits", std::move(records));
  CHECK(contains(plain(variants_table(study, {})),
                 "d = 16|WMLP (kappa=0.5)|4|2|0.5000 ± 0.0000|0.7500 ± 0.0000|50.00|0.4000 ± 0.0000|"));
}
