// SPDX-License-Identifier: MIT
#include "asymmetry/record.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/records.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

TEST_CASE("record: a member's line reads back to the same line") {
  for (const Setting& setting : {sample::accuracy, sample::rmse}) {
    MemberRecord record = sample::member(sample::cell("wmlp", 64, 3), 5, 0.1 + 0.2);
    record.cell.variant = "mask_scope=member";
    const Json line = to_json(setting, record);
    CHECK(line == to_json(setting, member_from_json(setting, Json::parse(line.dump()))));
    CHECK(line.at("test").number(setting.metric) == 0.1 + 0.2);
  }
}

TEST_CASE("record: a member's line names everything that the spec's checklist asks for") {
  const std::string line = to_json(sample::accuracy, sample::member(sample::cell(), 0, 0.5)).dump();
  CHECK(line.substr(0, line.find(",\"session\"")) ==
        R"({"kind":"member","experiment":"ensemble","dataset":"digits","preset":"text","variant":"","hidden":16,)"
        R"("model":"mlp","repeat":0,"member":0,"seed":1234,"train":{"accuracy":0.95,"nll":0.1},)"
        R"("validation":{"accuracy":0.9,"nll":0.2},"test":{"accuracy":0.5,"nll":0.5},"epochs":8,"best_epoch":7,)"
        R"("parameters":100,"weights":90,"frozen":0,"diverged":false)");
}

TEST_CASE("record: a mixture's line has its gate, experts and what the gate does, and reads back to the same line") {
  const MemberRecord record = sample::member(sample::mixture("iwmlp", 2, 1, "gumbel"), 0, 0.5);
  const Json line = to_json(sample::accuracy, record);
  const std::string text = line.dump();
  CHECK(text.find(R"("model":"iwmlp","repeat":1,"gate":"gumbel","experts":2,"member":0,)") != text.npos);
  CHECK(text.find(R"("gates":{"entropy":[0.7,0.6],"least":[0.25,0.125],"greatest":[0.75,0.875],)"
                  R"("means":[[0.25,0.75],[0.125,0.875]],)"
                  R"("reported":{"entropy":0.7,"least":0.25,"greatest":0.75,"mean":[0.25,0.75]}},"session")") !=
        text.npos);
  const MemberRecord back = member_from_json(sample::accuracy, Json::parse(text));
  CHECK(back.cell == record.cell);
  CHECK(line == to_json(sample::accuracy, back));
  Json cut = line;
  cut["gates"]["least"] = Json::array();
  CHECK_THROWS_WITH_AS(member_from_json(sample::accuracy, cut),
                       "gates: entropy, least, greatest and means need one entry an epoch", FormatError);
}

TEST_CASE("record: epochs without vectors read back without") {
  MemberRecord record = sample::member(sample::mixture("mlp", 32), 0, 0.5);
  for (GateRecord& epoch : record.gate.epochs) epoch.mean.clear();
  const MemberRecord back = member_from_json(sample::accuracy, to_json(sample::accuracy, record));
  REQUIRE(back.gate.epochs.size() == 2);
  CHECK(back.gate.epochs[1].mean.empty());
  CHECK(back.gate.epochs[1].greatest == 0.875);
}

TEST_CASE("record: a diverged member has null for its scores and reads back as such") {
  MemberRecord record = sample::member(sample::cell(), 0, undefined);
  record.diverged = true;
  const Json line = to_json(sample::accuracy, record);
  CHECK(line.at("test").at("accuracy").is_null());
  const MemberRecord back = member_from_json(sample::accuracy, line);
  CHECK(back.diverged);
  CHECK(std::isnan(back.test.metric));
}

TEST_CASE("record: a cell's line reads back to the same line") {
  const CellRecord record = sample::finished(sample::cell(), 8, [](Index k) { return 0.5 + 0.01 * double(k); });
  const Json line = to_json(sample::accuracy, record);
  CHECK(line == to_json(sample::accuracy, cell_from_json(sample::accuracy, Json::parse(line.dump()))));
  CHECK(line.at("sizes").size() == 3);
}

TEST_CASE("record: a line without a field is refused by the field's name") {
  Json line = to_json(sample::accuracy, sample::member(sample::cell(), 0, 0.5));
  line["epochs"] = "many";
  CHECK_THROWS_WITH_AS(member_from_json(sample::accuracy, line),
                       "json: member 'epochs' is a string; it needs to be an integer of 64 bits", FormatError);
  line = to_json(sample::accuracy, sample::member(sample::cell(), 0, 1));
  CHECK_THROWS_WITH_AS(member_from_json({"digits", "text", "rmse"}, line), "json: member 'rmse' is missing",
                       FormatError);
  CHECK_THROWS_WITH_AS(member_from_json(sample::rmse, line), "dataset 'digits'; california_housing is needed",
                       FormatError);
  CHECK_THROWS_WITH_AS(member_from_json({"digits", "code", "accuracy"}, line), "preset 'text'; code is needed",
                       FormatError);
}

TEST_CASE("record: a cell describes itself, with its variant") {
  CHECK(describe(sample::cell("wmlp", 64, 2)) == "wmlp, hidden 64, repetition 2");
  CHECK(describe(Cell{"ensemble", "mask_scope=member", 64, "wmlp", 2}) ==
        "wmlp, hidden 64, repetition 2, mask_scope=member");
  CHECK(describe_network(sample::mixture("imlp", 8, 2)) == "imlp, hidden 16, softmax gate");
  CHECK(describe_network(Cell{"ensemble", "kappa=2", 64, "wmlp", 2}) == "wmlp, hidden 64, kappa=2");
  CHECK(describe(sample::mixture("imlp", 8, 2)) == "imlp, hidden 16, softmax gate, 8 experts, repetition 2");
}
