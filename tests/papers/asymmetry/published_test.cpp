// SPDX-License-Identifier: MIT
#include "asymmetry/published.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/studies.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

TEST_CASE("published: the file that comes with the sources holds Figures 3 and 4 of all five data sets") {
  const Published& all = published_numbers();
  REQUIRE_FALSE(all.empty());
  const PublishedValue* value = all.find("california_housing", sample::cell("mlp", 64), 64);
  REQUIRE(value != nullptr);
  CHECK(value->mean == 0.521071);
  CHECK(value->sd == 0.000845);
  CHECK(value->repeats == 10);
  CHECK(all.find("california_housing", sample::cell("wmlp", 64), 1)->mean == 0.537609);
  Cell mixture{"moe", "", 64, "iwmlp", 3, "gumbel", 2};
  CHECK(all.find("churn_modelling", mixture, 128)->mean == doctest::Approx(0.86115));
  CHECK(all.find("otto", sample::cell("wmlp", 256), 64)->mean == 0.829735);
  CHECK(all.find("mnist", sample::cell("mlp", 128), 1)->mean == 0.973012);
  CHECK(all.find("adult_income", mixture, 32)->sd == 0.001198);
  CHECK(all.find("digits", sample::cell("mlp", 64), 2) == nullptr);
  CHECK(all.find("churn_modelling", sample::cell("mlp", 16), 2) == nullptr);
}

TEST_CASE("published: every accuracy is a whole number of test rows over ten repetitions") {
  const auto whole = [](const char* dataset, Index rows, const Cell& cell, Index size) {
    CAPTURE(dataset);
    CAPTURE(size);
    const PublishedValue* const value = published_numbers().find(dataset, cell, size);
    REQUIRE(value != nullptr);
    const double hits = value->mean * 10 * static_cast<double>(rows);
    CHECK(std::abs(hits - std::round(hits)) < 0.08);  // means have six decimals: 5e-7 x 10 x 14,000
  };
  for (const auto& [dataset, rows] : {std::pair<const char*, Index>{"churn_modelling", 2000},
                                      {"adult_income", 9769},
                                      {"otto", 12376},
                                      {"mnist", 14000}}) {
    for (const Index hidden : {64, 128, 256})
      for (const char* model : {"mlp", "wmlp"})
        for (Index size = 2; size <= 64; size *= 2) whole(dataset, rows, sample::cell(model, hidden), size);
    for (const char* gate : {"softmax", "gumbel"})
      for (const char* model : {"mlp", "wmlp", "imlp", "iwmlp"})
        for (Index size = 2; size <= 128; size *= 2) whole(dataset, rows, {"moe", "", 64, model, 0, gate, size}, size);
  }
}

TEST_CASE("published: a file of another form is refused with its line") {
  const ScratchFolder folder;
  const std::string path = folder.path + "/numbers.csv";
  CHECK(sample::published(folder.path, "digits,ensemble,,16,mlp,2,accuracy,0.5,0.1,10\n")
            .find("digits", sample::cell(), 2)
            ->sd == 0.1);
  CHECK_THROWS_WITH_AS(sample::published(folder.path, "digits,ensemble,,16,mlp,2,accuracy,half,0.1,10\n"),
                       doctest::Contains("numbers.csv:2: 'half' came; a number is needed"), FormatError);
  CHECK_THROWS_AS(sample::published(folder.path, "digits,ensemble,,16,mlp,2,accuracy,0.5,0.1\n"), FormatError);
  write_file_atomically(path, "a,b\n1,2\n");
  CHECK_THROWS_WITH_AS(Published{path}, doctest::Contains("not the form of published.csv"), FormatError);
  CHECK(Published().empty());
}
