// SPDX-License-Identifier: MIT
#include <cstdio>

#include "asymmetry/report_page.hpp"
#include "asymmetry/words.hpp"
#include "lab/command_line.hpp"
#include "lab/run_main.hpp"

using namespace wsym::asymmetry;

/// One page of figures and tables over the results of several runs.
int main(int argc, char** argv) {
  std::vector<std::string> folders;
  std::string out = "results/report";
  ViewChoice view;
  CLI::App app("Draws the figures of results folders, one by one and over all data sets, into one page.", "report");
  app.add_option("folders", folders, "what programs wrote with --out")->required()->type_name("DIR");
  app.add_option("--out", out, "folder of report.html, comparison.csv, figures [results/report]")->type_name("DIR");
  app.add_option("--groups", view.groups, "k networks: first | disjoint groups of k [first]")
      ->type_name("NAME")
      ->check(one_of(group_words));
  app.add_option("--average", view.average, "what classifiers average: logits | probabilities [logits]")
      ->type_name("NAME")
      ->check(one_of(average_words));
  return run_main("report", argc, argv, [&](const std::vector<std::string>& arguments) {
    parse(app, arguments);
    std::puts(write_report(out, folders, view).c_str());
    return 0;
  });
}
