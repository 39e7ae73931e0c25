// SPDX-License-Identifier: MIT
#include "sparse_ensembles/tables.hpp"

#include <doctest/doctest.h>

#include "sparse_ensembles/maker.hpp"
#include "sparse_ensembles/report.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/io/file.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;

namespace {
Records records_of(const System& system, const std::vector<double>& nll) {
  Records records;
  for (std::size_t i = 0; i < nll.size(); ++i) {
    Record record{.system = system, .repeat = static_cast<Index>(i)};
    record.numbers = {{"nll", nll[i]}, {"error", 0.25}};
    record.reliability.assign(15, {6, 0.5, 0.5});
    record.load = {{0.5, 0.5}};
    records[{to_text(system), record.repeat}] = record;
  }
  return records;
}
const Study study{"table0", "A table", {"nll", "error", "kl"}, {{"one, two", System{}}, {"absent", Maker({})("mlp")}}};
}  // namespace

TEST_CASE("study table: mean and standard error of each row, in the CSV and for people") {
  const Records records = records_of({}, {1, 2, 3});
  CHECK(study_csv(study, records) ==
        "row,system,n,nll,nll_se,error,error_se,kl,kl_se\n"
        "\"one, two\",model=moe,3,2,0.5773502691896258,0.25,0,,\n");
  CHECK(printed_study(study, records) ==
        "A table\n"
        "                      NLL       error %\n"
        "one, two  2.0000 ± 0.5774  25.00 ± 0.00\n");
}

TEST_CASE("metrics.csv: one row for each number of each system") {
  CHECK(metrics_csv("digits", records_of({}, {1, 3})) ==
        "experiment,dataset,preset,variant,size,split,metric,mean,sd,se,n\n"
        "efficient,digits,text,model=moe,1,test,nll,2,1.4142135623730951,1,2\n"
        "efficient,digits,text,model=moe,1,test,error,0.25,0,0,2\n");
}

TEST_CASE("metrics.csv: what is of training or validation says so") {
  Records records = records_of({}, {1});
  records.begin()->second.numbers = {{"valid_nll", 0.5}, {"epochs", 7}, {"forward_flops", 9}};
  CHECK(metrics_csv("digits", records) ==
        "experiment,dataset,preset,variant,size,split,metric,mean,sd,se,n\n"
        "efficient,digits,text,model=moe,1,validation,nll,0.5,,,1\n"
        "efficient,digits,text,model=moe,1,train,epochs,7,,,1\n"
        "efficient,digits,text,model=moe,1,test,forward_flops,9,,,1\n");
}

TEST_CASE("metrics.csv: a first repetition that diverged hides nothing of the others") {
  Records records = records_of({}, {1, 3});
  Record& first = records.begin()->second;
  first.diverged = true;
  first.numbers = {{"epochs", 2.0}};
  CHECK(metrics_csv("digits", records) ==
        "experiment,dataset,preset,variant,size,split,metric,mean,sd,se,n\n"
        "efficient,digits,text,model=moe,1,test,nll,3,,,1\n"
        "efficient,digits,text,model=moe,1,test,error,0.25,,,1\n");
}

TEST_CASE("report: a page that needs no other file, with every system in it") {
  const ScratchFolder folder;
  Subject subject{"digits", "Digits", {}, 10, false, {"table5"}, {}};
  subject.runs.push_back(Json::object({{"identity", Json::object({{"seed", 0}})},
                                       {"session", Json::object({{"command", "digits --experiment efficient"}})}}));
  Records records = records_of({}, {1, 3});
  records.merge(records_of(Maker({})("tabm", 1, 7), {2, 2}));
  write_report(folder.path, subject, records);
  const std::string page = read_file(folder.path + "/report.html");
  for (const char* text : {"tabm (M=7)", "moe (K=1)", "digits --experiment efficient", "table5: "}) {
    CAPTURE(text);
    CHECK(page.find(text) != std::string::npos);
  }
  for (const char* remote : {"http://", "https://", "<script", "src="}) CHECK(page.find(remote) == std::string::npos);
  for (const char* absent : {"table4: ", "fig3: "}) CHECK(page.find(absent) == std::string::npos);  // not whole
  CHECK(read_file(folder.path + "/tables/table5.csv").find("moe (K=1),model=moe,2,2") != std::string::npos);
}
