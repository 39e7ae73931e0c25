// SPDX-License-Identifier: MIT
#include "asymmetry/study.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/studies.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

TEST_CASE("study: one for each data set and preset, data sets in the paper's order, preset text first") {
  const ScratchFolder folder;
  const std::vector<Setting> settings = {{"churn_modelling", "text", "accuracy"},
                                         {"california_housing", "code", "rmse"},
                                         {"california_housing", "text", "rmse"},
                                         {"otto", "text", "accuracy"}};
  std::vector<std::string> folders;
  for (const Setting& setting : settings) {
    folders.push_back(folder.path + "/" + std::to_string(folders.size()));
    sample::write_journal(folders.back(), setting, sample::two_models(16));
  }
  const std::vector<Study> studies = read_studies(folders);
  REQUIRE(studies.size() == 4);
  CHECK(title_of(studies[0]) == "California housing · preset text");
  CHECK(title_of(studies[1]) == "California housing · preset code");
  CHECK(title_of(studies[2]) == "Otto · preset text");
  CHECK(title_of(studies[3]) == "Churn modelling · preset text");
  CHECK(studies[0].unit == "$100k");
  CHECK(studies[0].setting.metric == "rmse");
  CHECK(studies[0].groups.size() == 2);
  CHECK(studies[0].groups[1].cells.size() == 2);
}

TEST_CASE("study: folders of one identity are one, other settings of other networks stand beside them") {
  const ScratchFolder folder;
  const auto write = [&](const std::string& name, const Records& records, double lr) {
    sample::write_journal(folder.path + "/" + name, sample::accuracy, records, lr);
    return folder.path + "/" + name;
  };
  const std::string narrow = write("narrow", sample::two_models(16), 0.5),
                    wide = write("wide", sample::two_models(32), 0.5),
                    other = write("other", sample::two_models(64), 0.25),
                    clash = write("clash", sample::two_models(16), 0.25);
  const std::vector<Study> studies = read_studies({narrow, wide, other});
  REQUIRE(studies.size() == 1);
  CHECK(studies[0].sources.size() == 2);
  CHECK(studies[0].sources[0].records->runs.size() == 2);
  CHECK(studies[0].groups.size() == 6);
  CHECK_THROWS_WITH_AS(read_studies({narrow, clash}),
                       "Digits · preset text: mlp, hidden 16 is there under two settings; report them apart",
                       ConfigError);
}

TEST_CASE("study: a folder without a journal is refused") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH_AS(read_studies({folder.path}),
                       (folder.path + "/journal holds no journal; the folder of a run (--out) is needed").c_str(),
                       ConfigError);
}
