// SPDX-License-Identifier: MIT
#include "experiment/published.hpp"

#include <doctest/doctest.h>

#include "examples/experiment/scratch_folder.hpp"
#include "examples/experiment/studies.hpp"
#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::experiment;

TEST_CASE("published: the file that comes with the sources holds Figures 3 and 4 of two data sets") {
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
  CHECK(all.find("otto", sample::cell("mlp", 64), 2) == nullptr);
  CHECK(all.find("churn_modelling", sample::cell("mlp", 16), 2) == nullptr);
}

TEST_CASE("published: every accuracy is a whole number of test rows over ten repetitions") {
  for (const Index hidden : {64, 128, 256})
    for (const char* model : {"mlp", "wmlp"})
      for (Index size = 2; size <= 64; size *= 2) {
        const double hits =
            published_numbers().find("churn_modelling", sample::cell(model, hidden), size)->mean * 20000;
        CHECK(hits == doctest::Approx(std::round(hits)).epsilon(1e-6));
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
