// SPDX-License-Identifier: MIT
#include "asymmetry/tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "papers/asymmetry/records.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

Records one_repeat(const Cell& cell, Index repeats = 1) {
  Records records;
  sample::add(
      records, cell, repeats, 2, [](Index m, Index r) { return m == 0 ? 0.5 : 0.75 + 0.25 * double(r); },
      [](Index, Index r) { return 0.75 + 0.25 * double(r); });
  return records;
}

const std::string header =
    "dataset,preset,experiment,model,gate,hidden,size,metric,mean,sd,repeats,single_mean,single_sd,improvement_pct,"
    "averaged_weights_mean,nll_mean\n";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("tables: summary.csv has the agreed columns, one row a size, and empty fields where nothing is defined") {
  const Records records = one_repeat(sample::cell());
  CHECK(summary_csv(sample::accuracy, groups_of(records), {}) ==
        header +
            "digits,text,ensemble,mlp,,16,1,accuracy,0.625,,1,0.625,,0,,0.5\n"
            "digits,text,ensemble,mlp,,16,2,accuracy,0.75,,1,0.625,,20,0.3,0.4\n");
  const Records two = one_repeat(sample::cell(), 2);
  CHECK(contains(summary_csv(sample::accuracy, groups_of(two), {}),
                 "digits,text,ensemble,mlp,,16,2,accuracy,0.875,0.1767766952966369,2,0.6875,0.08838834764831845,"
                 "27.272727272727273,0.3,0.4\n"));
}

TEST_CASE("tables: an rmse has no nll in summary.csv, and a lower one is an improvement") {
  const Records records = one_repeat(sample::cell());
  const std::string text = summary_csv(sample::rmse, groups_of(records), {});
  CHECK(contains(text, "california_housing,text,ensemble,mlp,,16,2,rmse,"));
  CHECK(contains(text, ",-20,0.3,\n"));
}

TEST_CASE("tables: variants are controls in metrics.csv and have no row in summary.csv") {
  const Records records = one_repeat({"ensemble", "mask_scope=member", 16, "wmlp", 0});
  CHECK(summary_csv(sample::accuracy, groups_of(records), {}) == header);
  const std::string metrics = metrics_csv(sample::accuracy, groups_of(records));
  CHECK(contains(metrics, "\ncontrols,digits,text,model=wmlp;hidden=16;mask_scope=member,1,test,accuracy,0.625,,,1\n"));
  CHECK_FALSE(contains(metrics, "\nensemble,"));
}

TEST_CASE("tables: metrics.csv is long, with eleven fields a row and every view by name") {
  const Records records = one_repeat(sample::cell(), 2);
  const std::string text = metrics_csv(sample::accuracy, groups_of(records));
  CHECK(text.rfind("experiment,dataset,preset,variant,size,split,metric,mean,sd,se,n\n", 0) == 0);
  for (std::size_t start = 0; start < text.size(); start = text.find('\n', start) + 1) {
    const std::string line = text.substr(start, text.find('\n', start) - start);
    CHECK(std::count(line.begin(), line.end(), ',') == 10);
  }
  for (const char* metric :
       {"1,train,accuracy,", "1,validation,nll,", "1,test,accuracy,", "1,test,accuracy_member_sd,", "1,train,epochs,",
        "1,validation,best_epoch,", "1,train,diverged,", "2,train,pairwise_distance,5,0,0,2", "2,test,accuracy,0.875,",
        "2,test,nll,", "2,test,accuracy_probabilities,", "2,test,accuracy_disjoint,",
        "2,test,nll_disjoint_probabilities,", "2,test,improvement_pct,27.272727272727273,,,2",
        "2,test,averaged_weights_accuracy,0.3,", "2,test,diversity,0.125,", "2,test,disagreement,0.25,"}) {
    CAPTURE(metric);
    CHECK(contains(text, std::string("ensemble,digits,text,model=mlp;hidden=16,") + metric));
  }
  CHECK_FALSE(contains(metrics_csv(sample::rmse, groups_of(records)), "probabilities"));
}

TEST_CASE("tables: a mixture's size is its number of experts, and it has no single network") {
  Records records;
  sample::add_mixtures(records, sample::mixture("imlp", 0, 0, "gumbel"), {2, 4}, 2,
                       [](Index experts, Index) { return experts == 2 ? 0.5 : 0.75; });
  CHECK(summary_csv(sample::accuracy, groups_of(records), {}) ==
        header +
            "digits,text,moe,imlp,gumbel,16,2,accuracy,0.5,0,2,,,0,,0.5\n"
            "digits,text,moe,imlp,gumbel,16,4,accuracy,0.75,0,2,,,50,,0.5\n");
  const std::string metrics = metrics_csv(sample::accuracy, groups_of(records));
  for (const char* metric :
       {"2,train,accuracy,0.95,", "4,test,accuracy,0.75,0,0,2", "4,test,improvement_pct,50,,,2",
        "4,train,gate_entropy,0.7,0,0,2", "4,train,gate_least,0.25,", "4,train,gate_greatest,0.75,",
        "4,train,parameters,100,", "4,train,diverged,0,", "4,validation,best_epoch,7,"}) {
    CAPTURE(metric);
    CHECK(contains(metrics, std::string("\nmoe,digits,text,model=imlp;hidden=16;gate=gumbel,") + metric));
  }
  CHECK_FALSE(contains(metrics, "distance"));
  const std::string printed = printed_table(sample::accuracy, "", groups_of(records), {});
  CHECK(contains(printed, "imlp"));
  CHECK(contains(printed, "gumbel"));
  CHECK(contains(printed, "0.7500 ± 0.0000"));
  CHECK(contains(printed, "50.00 %"));
}

TEST_CASE("tables: the printed table says how many repetitions, what is averaged, and what to be careful of") {
  Records records = one_repeat(sample::cell("wmlp"), 2);
  records.cells.begin()->second.keeps_frozen = false;
  const std::string text = printed_table(sample::accuracy, "", groups_of(records), {});
  CHECK(contains(text, "digits, preset text: accuracy on the test part, mean ± sd over repetitions"));
  CHECK(contains(text, "0.8750 ± 0.1768"));
  CHECK(contains(text, "27.27 %"));
  CHECK(contains(text, "wmlp, hidden 16: mean distance between two members 5.00\n"));
  CHECK(contains(text, "without frozen entries"));
}

TEST_CASE("tables: a diverged member is reported by name") {
  Records records = one_repeat(sample::cell());
  records.members.at({sample::cell(), 1}).diverged = true;
  CHECK(contains(printed_table(sample::accuracy, "", groups_of(records), {}),
                 "mlp, hidden 16: repetition 0, member 1 diverged and is in no average\n"));
}
