// SPDX-License-Identifier: MIT
#include "sparse_ensembles/options.hpp"

#include <doctest/doctest.h>

#include "lab/usage.hpp"

using namespace wsym;
using namespace wsym::sparse_ensembles;
using lab::Usage;

namespace {
const datasets::Program digits{"digits", "Digits", 1797, 64, 0, 64, 10, 60, true};

Options parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--experiment", "efficient"});
  return sparse_ensembles::parse_options(digits, arguments);
}
std::string refusal(const datasets::Program& program, const std::vector<std::string>& arguments, int code) {
  try {
    sparse_ensembles::parse_options(program, arguments);
  } catch (const Usage& usage) {
    CHECK(usage.exit_code == code);
    return usage.what();
  }
  FAIL("not refused");
  return "";
}
}  // namespace

TEST_CASE("efficient options: --experiment says so, in both ways") {
  CHECK(asks_for_efficient({"--seed", "1", "--experiment", "efficient"}));
  CHECK(asks_for_efficient({"--experiment=efficient"}));
  CHECK_FALSE(asks_for_efficient({"--experiment", "moe", "--out", "efficient"}));
  CHECK_FALSE(asks_for_efficient({"--experiment"}));
}

TEST_CASE("efficient options: scale and recipe fill what was left open") {
  const Options quick = parse({}), paper = parse({"--scale", "paper"}), smoke = parse({"--scale", "smoke"});
  CHECK(quick.common.width == 128);
  CHECK(quick.common.experts == 16);
  CHECK(quick.repeats == 2);
  CHECK(paper.repeats == 5);
  CHECK(paper.epochs == 1000);
  CHECK(smoke.common.width == 16);
  CHECK(smoke.common.experts == 4);
  const Options sgd = parse({"--recipe", "sgd"});
  CHECK(sgd.lr == 0.03);
  CHECK(sgd.batch_size == 512);
  CHECK(sgd.weight_decay == 0);
  CHECK(parse({"--recipe", "sgd", "--lr", "0.1"}).lr == 0.1);
  CHECK(parse({"--study", "table2"}).out == "results/digits-efficient-table2-quick");
  CHECK(parse({"--study", "tables,fig2"}).out == "results/digits-efficient-tables-fig2-quick");
}

TEST_CASE("efficient options: lists make every system of them, each model with what it has") {
  const auto systems = systems_of(parse({"--models", "mlp,moe,e3", "--top-k", "1,2", "--members", "2,4"}));
  std::vector<std::string> texts;
  for (const System& system : systems) texts.push_back(to_text(system));
  CHECK(texts == std::vector<std::string>{"model=mlp", "model=moe", "model=moe;top_k=2", "model=e3;members=2",
                                          "model=e3;members=4", "model=e3;members=2;top_k=2",
                                          "model=e3;members=4;top_k=2"});
}

TEST_CASE("efficient options: what cannot be obeyed is refused with exit code 2, and says why") {
  const datasets::Program california{"california_housing", "California housing", 20640, 8, 0, 8, 1, 8};
  CHECK(refusal(california, {"--experiment", "efficient"}, 2) ==
        "--experiment: efficient is for classes; california_housing predicts a number, and the paper's metrics (NLL, "
        "ECE, disagreement) are of classes");
  const auto refused = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--experiment", "efficient"});
    return refusal(digits, arguments, 2);
  };
  CHECK(refused({"--study", "table1"}).find("table1") != std::string::npos);
  CHECK(refused({"--study", "table2,table1"}).find("table1") != std::string::npos);
  CHECK(refused({"--study", "table2", "--models", "moe"}).find("--models") != std::string::npos);
  for (const char* option : {"--base", "--start", "--classes"})
    CHECK(refused({"--study", "table2", option,
                   option == std::string("--base")    ? "mlp"
                   : option == std::string("--start") ? "upstream"
                                                      : "seen"})
              .find(option) != std::string::npos);
  CHECK(refused({"--study", "ood"}) == "--study ood: its rows come from --ood");
  CHECK(refused({"--models", "e3", "--shared", "2"}).find("--shared") == 0);
  CHECK(refused({"--members", "0"}) == "--members: 0 came; it must be from 1 to 64");
  CHECK(refused({"--lr", "0"}).find("--lr: 0 came") == 0);
  CHECK(refused({"--balance", "-1"}).find("--balance: -1 came") == 0);
  CHECK(refused({"--momentum", "0.5"}).find("it belongs to sgd") != std::string::npos);
  CHECK(refused({"--recipe", "sgd", "--momentum", "1"}).find("--momentum: 1 came") == 0);
  CHECK(refused({"--recipe", "sgd", "--warm-up", "-1"}).find("--warm-up: -1 came") == 0);
  CHECK(refused({"--recipe", "sgd", "--clip-norm", "0"}).find("--clip-norm: 0 came") == 0);
  CHECK(refused({"--ood", "x"}).find("it belongs to mnist") != std::string::npos);
  CHECK(refusal(digits, {"--experiment", "efficient", "--help"}, 0).find("--study") != std::string::npos);
}
