// SPDX-License-Identifier: MIT
#include "asymmetry/report_page.hpp"

#include <doctest/doctest.h>

#include <set>

#include "papers/asymmetry/studies.hpp"
#include "tools/lab/path.hpp"
#include "tools/lab/scratch_folder.hpp"

using namespace wsym;
using namespace wsym::asymmetry;
using sample::contains;
using sample::count;

namespace {

const Setting california{"california_housing", "code", "rmse"};

std::string write_mixed(const ScratchFolder& folder) {
  Records records = sample::two_models(64);
  for (const char* gate : {"softmax", "gumbel"})
    sample::add_mixtures(records, sample::mixture("imlp", 2, 0, gate), {2, 4}, 2, [](Index, Index) { return 0.5; });
  sample::write_journal(folder.path + "/california", california, records);
  return folder.path + "/california";
}

std::string write_digits(const ScratchFolder& folder) {
  sample::write_journal(folder.path + "/digits", {"digits", "code", "accuracy"}, sample::two_models(64));
  return folder.path + "/digits";
}

/// Every id="..." or id='...' of a page.
std::vector<std::string> ids_of(const std::string& html) {
  std::vector<std::string> ids;
  for (std::size_t at = html.find(" id="); at != html.npos; at = html.find(" id=", at + 1)) {
    const char quote = html[at + 4];
    ids.push_back(html.substr(at + 5, html.find(quote, at + 5) - at - 5));
  }
  return ids;
}

}  // namespace

TEST_CASE(
    "report page: a run's own page has its figures, tables, comparison and what was run, and needs nothing else") {
  const ScratchFolder folder;
  const std::string out = write_mixed(folder), said = write_report(out, {out}), html = read_file(out + "/report.html");
  CHECK(said.rfind("report: " + out + "/report.html, ", 0) == 0);
  for (const std::string part :
       {"<h1>California housing · preset code</h1>", "Figure 1: ", "Figure 2: ", "Figure 3: ", "Figure 4: ",
        "<code>california_housing --out &#60;here&#62;</code>", "2026-01-02T03:04:05Z", "wsym 1.2.3, c++, none",
        "lr 0.001", "Against the published numbers", "Behind the figures", "How to read this page", "arXiv 2502.17391",
        "prefers-color-scheme: dark", "<meta name=\"viewport\""})
    CHECK_MESSAGE(contains(html, part), part);
  for (const std::string part : {"<script", "http://", "https://", "<img", "<link", "@import", "All data sets"})
    CHECK_MESSAGE(!contains(html, part), part);
  CHECK(
      contains(read_file(out + "/comparison.csv"), "california_housing,code,ensemble,64,mlp,1,rmse,0.5,0,2,0.532873,"));
  if (contains(said, "not installed")) return;
  CHECK(contains(said, "figures: 4 in " + out + "/figures"));
  CHECK(count(html, "<figure>") == 4);
}

TEST_CASE("report page: no id comes twice, and every reference has one") {
  const ScratchFolder folder;
  const std::string out = folder.path + "/report";
  write_report(out, {write_mixed(folder), write_digits(folder)});
  const std::string html = read_file(out + "/report.html");
  const std::vector<std::string> ids = ids_of(html);
  const std::set<std::string> unique(ids.begin(), ids.end());
  CHECK(unique.size() == ids.size());
  for (const std::string mark : {"href='#", "href=\"#"})
    for (std::size_t at = html.find(mark); at != html.npos; at = html.find(mark, at + 1)) {
      const std::size_t start = at + mark.size();
      CHECK(unique.contains(html.substr(start, html.find(mark[5], start) - start)));
    }
}

TEST_CASE("report page: of several folders it begins with composites and grids, then each data set") {
  const ScratchFolder folder;
  const std::string out = folder.path + "/report",
                    said = write_report(out, {write_digits(folder), write_mixed(folder)}),
                    html = read_file(out + "/report.html");
  CHECK(contains(html, "<h2 id=\"all-code\">All data sets · preset code</h2>"));
  CHECK(html.find("\">All data sets · preset code</h2>") < html.find("\">California housing · preset code</h2>"));
  CHECK(html.find("\">California housing · preset code</h2>") < html.find("\">Digits · preset code</h2>"));
  for (const char* name : {"code-composite1", "code-grid1", "code-grid3", "code-composite2", "code-grid4",
                           "california_housing-code-figure4", "digits-code-figure1"})
    CHECK_MESSAGE(std::filesystem::exists(out + "/figures/" + name + ".gp"), name);
}

TEST_CASE("report page: without gnuplot the tables are there, and one line says what to install") {
  const ScratchFolder folder;
  const Path nowhere("/nonexistent");
  const std::string out = write_digits(folder), said = write_report(out, {out}), html = read_file(out + "/report.html");
  CHECK(contains(said, "apt-get install gnuplot-nox"));
  CHECK(std::filesystem::exists(out + "/figures/figure3.gp"));
  CHECK_FALSE(contains(html, "<figure>"));
  CHECK(contains(html, "<caption>Accuracy, mean ± sd over n repetitions</caption>"));
}

TEST_CASE("report page: a gnuplot that fails is reported with its log") {
  const ScratchFolder folder;
  write_file_atomically(folder.path + "/gnuplot", "#!/bin/sh\nexit 1\n");
  std::filesystem::permissions(folder.path + "/gnuplot", std::filesystem::perms::owner_all);
  const Path path(folder.path + ":/bin:/usr/bin");
  const std::string out = write_digits(folder);
  CHECK(contains(write_report(out, {out}), "no figures: gnuplot failed, see " + out + "/figures/figure1.log"));
}

TEST_CASE("report page: single networks alone are no ensembles to draw") {
  const ScratchFolder folder;
  const auto half = [](Index, Index) {
    return 0.5;
  };
  Records records;
  sample::add(records, sample::cell(), 1, 1, half, half);
  sample::write_journal(folder.path, sample::accuracy, records);
  CHECK(contains(write_report(folder.path, {folder.path}), "no figures: they need ensembles, of two members at least"));
}
