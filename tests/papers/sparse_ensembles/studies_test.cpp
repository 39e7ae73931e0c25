// SPDX-License-Identifier: MIT
#include "sparse_ensembles/studies.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace wsym;
using namespace wsym::sparse_ensembles;

namespace {
const Study& find(const std::vector<Study>& studies, const std::string& name) {
  const auto place = std::find_if(studies.begin(), studies.end(), [&](const Study& s) { return s.name == name; });
  REQUIRE(place != studies.end());
  return *place;
}
}  // namespace

TEST_CASE("studies: every table and figure of the paper that needs no Transformer is known by its name") {
  const auto names = study_names();
  for (const char* name :
       {"all",     "table2",  "table3",  "table4",  "table5",  "table9",  "table10", "table12", "table13",
        "table14", "table15", "table17", "table18", "table19", "table31", "table36", "fig2",    "fig3",
        "fig8",    "fig9",    "fig10",   "fig11",   "fig12",   "fig22",   "fig23"}) {
    CAPTURE(name);
    CHECK(std::count(names.begin(), names.end(), name) == 1);
    if (std::string(name) != "all") CHECK(studies_of({name}, {}, 10).size() == 1);
  }
  CHECK(studies_of({"all"}, {}, 10, true).size() == studies_of({"all"}, {}, 10).size() + 1);  // ood
  CHECK(studies_of({"table12"}, {}, 10)[0].name == "table5");
  CHECK(studies_of({"fig2", "table12", "table5"}, {}, 10).size() == 2);
}

TEST_CASE("studies: held-out classes need enough of them") {
  const auto names_of = [](const char* name, Index classes) {
    std::vector<std::string> names;
    for (const Study& study : studies_of({name}, {}, classes)) names.push_back(study.name);
    return names;
  };
  for (const char* name : {"all", "tables"}) {
    CHECK(names_of(name, 10).size() == names_of(name, 2).size() + 2);
    const auto two = names_of(name, 2);
    CHECK(std::count(two.begin(), two.end(), "table9") == 0);
    CHECK(std::count(two.begin(), two.end(), "table2") == 1);
  }
  for (const std::string& name : names_of("tables", 10)) CHECK(name.starts_with("table"));
}

TEST_CASE("studies: rows have labels and systems of their own, all of which fit") {
  for (const Index experts : {4, 8, 16}) {
    System common;
    common.experts = experts;
    for (const Study& study : studies_of({"all"}, common, 10)) {
      CAPTURE(study.name);
      CHECK(!study.rows.empty());
      for (std::size_t i = 0; i < study.rows.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) {
          CHECK(study.rows[i].label != study.rows[j].label);
          CHECK_FALSE(study.rows[i].system == study.rows[j].system);
        }
      for (const Study::Row& row : study.rows)
        if (row.system.model == "e3") CHECK(row.system.top_k * row.system.members <= row.system.experts);
    }
  }
}

TEST_CASE("studies: Table 3 shares from none to all of the experts, Table 17 divides them among members") {
  const auto studies = studies_of({"all"}, {}, 10);
  std::vector<Index> shared, experts;
  for (const Study::Row& row : find(studies, "table3").rows) shared.push_back(row.system.shared);
  CHECK(shared == std::vector<Index>{0, 2, 4, 8, 16});
  for (const Study::Row& row : find(studies, "table17").rows)
    experts.push_back(row.system.members * row.system.experts);
  CHECK(experts == std::vector<Index>(6, 16));
}

TEST_CASE("studies: a system that several of them name is trained once") {
  const auto studies = studies_of({"all"}, {}, 10);
  const auto systems = systems_of(studies);
  std::size_t rows = 0;
  for (const Study& study : studies) rows += study.rows.size();
  CHECK(systems.size() < rows);
  for (const Study& study : studies)
    for (const Study::Row& row : study.rows) CHECK(std::count(systems.begin(), systems.end(), row.system) == 1);
}
