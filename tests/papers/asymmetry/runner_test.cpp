// SPDX-License-Identifier: MIT
#include "asymmetry/runner.hpp"

#include <doctest/doctest.h>

#include "papers/asymmetry/records.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

/// "Trains" by arithmetic: a network's metric is a function of its place, its weights file holds that number.
class FakeTrainer : public Trainer {
 public:
  std::optional<MemberRecord> train(const Cell& cell, Index member, const std::string& weights,
                                    const std::atomic<bool>&) const override {
    const Index done = trained++;
    if (done == stop_after) *stop = true;
    if (*stop) return std::nullopt;
    expect<Error>(member != broken, "no space left");
    MemberRecord record = sample::member(cell, member, metric(cell, member));
    record.diverged = member == diverges;
    if (!record.diverged) write_file_atomically(weights, std::to_string(metric(cell, member)));
    return record;
  }
  std::string fault(const Cell& cell, Index member, const std::string& weights) const override {
    return read_file(weights) == std::to_string(metric(cell, member)) ? "" : weights + ": not its number";
  }
  CellRecord evaluate(const Cell& cell, Index members, const std::vector<std::string>& weights) const override {
    double sum = 0;
    for (const std::string& file : weights) sum += std::stod(read_file(file));
    CellRecord record = sample::finished(cell, members, [&](Index) { return sum; });
    record.healthy = static_cast<Index>(weights.size());
    return record;
  }
  Cost cost(const Cell&) const override { return {}; }
  double time_epoch(const Cell&) const override { return 0; }

  static double metric(const Cell& cell, Index member) {
    return 0.125 * double(member) + double(cell.repeat) + (cell.model == "mlp" ? 0 : 100);
  }

  mutable std::atomic<Index> trained = 0;
  std::atomic<bool>* stop = nullptr;
  Index stop_after = -1, broken = -1, diverges = -1;
};

struct Bench {
  ScratchFolder folder;
  FakeTrainer trainer;
  std::atomic<bool> stop = false;
  std::vector<std::string> warnings;
  std::vector<Cell> cells = {sample::cell("mlp", 16, 0), sample::cell("wmlp", 16, 0), sample::cell("mlp", 16, 1)};

  Bench() { trainer.stop = &stop; }

  /// One process: true if all was done.
  bool run(Index members, int threads = 1, bool keep = false) {
    trainer.trained = 0;
    Journal journal(folder.path, sample::accuracy,
                    {Json::object(), Json::object(), Json::object({{"keep_weights", keep}})});
    const RunnerOptions options{folder.path, members, threads, keep};
    remove_leftover_weights(cells, journal.records(), options);
    warnings = set_aside_faulty_weights(cells, journal.records(), trainer, options);
    const std::vector<Work> work = work_left(cells, journal.records(), options);
    ProgressBar bar(nullptr, static_cast<Index>(work.size()));
    return asymmetry::run(work, trainer, journal, options, bar, stop);
  }
  std::string journal() const { return canonical_journal(folder.path + "/journal"); }
  Records records() const { return read_journal(folder.path + "/journal", sample::accuracy); }
  bool has_weights(Index cell, Index member) const {
    return std::filesystem::exists(weights_file(folder.path, cells[static_cast<std::size_t>(cell)], member));
  }
};

}  // namespace

TEST_CASE("runner: every network is trained once, every cell is evaluated, and weights go") {
  Bench bench;
  CHECK(bench.run(4));
  CHECK(bench.trainer.trained == 12);
  const Records records = bench.records();
  CHECK(records.members.size() == 12);
  CHECK(records.cells.size() == 3);
  CHECK(records.cells.at({bench.cells[0], 4}).sizes[0].views[0].score.metric == 0.75);
  for (Index cell = 0; cell < 3; ++cell) CHECK_FALSE(bench.has_weights(cell, 0));
  CHECK(bench.run(4));
  CHECK(bench.trainer.trained == 0);
}

TEST_CASE("runner: the journal does not depend on threads") {
  Bench one;
  one.run(8);
  for (const int threads : {2, 4}) {
    Bench other;
    other.run(8, threads);
    CHECK(other.journal() == one.journal());
  }
}

TEST_CASE("runner: stopped anywhere and started again, it trains the rest and ends with the same journal") {
  Bench whole;
  whole.run(4);
  for (Index after = 0; after < 12; ++after) {
    Bench bench;
    bench.trainer.stop_after = after;
    CHECK_FALSE(bench.run(4));
    CHECK(bench.records().members.size() == static_cast<std::size_t>(after));
    bench.trainer.stop_after = -1;
    bench.stop = false;
    CHECK(bench.run(4));
    CHECK(bench.trainer.trained == 12 - after);
    CHECK(bench.journal() == whole.journal());
  }
}

TEST_CASE("runner: a network whose line was lost in a kill is trained again, one whose weights were lost too") {
  Bench bench;
  bench.trainer.stop_after = 3;
  bench.run(4);
  CHECK(bench.has_weights(0, 2));
  std::filesystem::remove(weights_file(bench.folder.path, bench.cells[0], 1));
  bench.stop = false;
  bench.trainer.stop_after = -1;
  CHECK(bench.run(4));
  CHECK(bench.trainer.trained == 10);
  CHECK(bench.records().members.size() == 12);
  CHECK(bench.records().warnings.empty());
}

TEST_CASE("runner: a cell whose networks are all there is evaluated without training") {
  Bench bench;
  bench.cells.resize(1);
  {
    Journal journal(bench.folder.path, sample::accuracy, {Json::object(), Json::object(), Json::object()});
    make_directories(weights_folder(bench.folder.path, bench.cells[0]));
    for (Index member = 0; member < 2; ++member)
      journal.append(*bench.trainer.train(bench.cells[0], member,
                                          weights_file(bench.folder.path, bench.cells[0], member), bench.stop));
  }
  CHECK(bench.run(2));
  CHECK(bench.trainer.trained == 0);
  CHECK(bench.records().cells.size() == 1);
}

TEST_CASE("runner: more members later give the cells of a run with that many at once, and no line twice") {
  Bench grown, fresh;
  grown.run(2);
  grown.run(4);
  fresh.run(4);
  CHECK(grown.records().members.size() == 12);
  CHECK(grown.records().cells.size() == 6);
  for (const Cell& cell : fresh.cells)
    CHECK(to_json(sample::accuracy, grown.records().cells.at({cell, 4})).at("sizes") ==
          to_json(sample::accuracy, fresh.records().cells.at({cell, 4})).at("sizes"));
  grown.run(3);
  CHECK(grown.trainer.trained == 0);
}

TEST_CASE("runner: kept weights stay, and are made for cells that were finished without them") {
  Bench bench;
  bench.run(2);
  CHECK_FALSE(bench.has_weights(0, 0));
  const std::string before = bench.journal();
  CHECK(bench.run(2, 1, true));
  CHECK(bench.trainer.trained == 6);
  CHECK(bench.has_weights(2, 1));
  CHECK(bench.journal() == before);
  bench.run(2, 1, true);
  CHECK(bench.trainer.trained == 0);
}

TEST_CASE("runner: weights that a kill left beside a finished cell go, unless an earlier run was told to keep them") {
  for (const bool kept : {false, true}) {
    Bench bench;
    bench.run(2, 1, kept);
    const std::string left = weights_file(bench.folder.path, bench.cells[1], 0);
    make_directories(weights_folder(bench.folder.path, bench.cells[1]));
    write_file_atomically(left, "0");
    bench.run(2);
    CHECK(std::filesystem::exists(left) == kept);
  }
}

TEST_CASE("runner: a diverged network has a line and no weights, and is not trained again") {
  Bench bench;
  bench.trainer.diverges = 1;
  bench.trainer.stop_after = 3;
  bench.run(4);
  bench.stop = false;
  bench.trainer.stop_after = -1;
  CHECK(bench.run(4));
  CHECK(bench.trainer.trained == 9);
  const Records records = bench.records();
  CHECK(records.members.at({bench.cells[0], 1}).diverged);
  CHECK(records.cells.at({bench.cells[0], 4}).healthy == 3);
}

TEST_CASE("runner: an error stops the run and is thrown; what was finished stays") {
  Bench bench;
  bench.trainer.broken = 2;
  CHECK_THROWS_WITH_AS(bench.run(4), "no space left", Error);
  CHECK(bench.records().members.size() == 2);
  CHECK(bench.trainer.trained == 3);
}

TEST_CASE("runner: a mixture is one network whatever the number of members, with a folder of its own") {
  Bench bench;
  bench.cells = {sample::cell(), sample::mixture("mlp", 2), sample::mixture("mlp", 4),
                 sample::mixture("mlp", 4, 0, "gumbel")};
  CHECK(bench.run(4));
  CHECK(bench.trainer.trained == 7);
  CHECK(bench.records().cells.at({bench.cells[3], 1}).healthy == 1);
  CHECK(bench.run(4));
  CHECK(bench.trainer.trained == 0);
  CHECK(weights_folder("o", bench.cells[3]) == "o/weights/moe-mlp-gumbel-experts4-hidden16-repeat0");
}

TEST_CASE("runner: weights that are not those of the journal's network are set aside, and it is trained again") {
  Bench whole, bench;
  whole.run(4);
  bench.trainer.stop_after = 3;
  bench.run(4);
  const auto file = [&](Index member) {
    return weights_file(bench.folder.path, bench.cells[0], member);
  };
  const std::string other = read_file(file(2));
  write_file_atomically(file(1), other);
  bench.stop = false;
  bench.trainer.stop_after = -1;
  CHECK(bench.run(4));
  CHECK(bench.trainer.trained == 10);
  const std::string place = bench.folder.path + "/set-aside/ensemble-mlp-hidden16-repeat0-1.safetensors";
  REQUIRE(bench.warnings.size() == 1);
  CHECK(bench.warnings[0] == "mlp, hidden 16, repetition 0, member 1: " + file(1) +
                                 ": not its number; the file is now " + place + ", and the network is trained again");
  CHECK(read_file(place) == other);
  CHECK(bench.journal() == whole.journal());
}

TEST_CASE("runner: a second file that is set aside leaves the first as it is") {
  Bench bench;
  bench.trainer.stop_after = 1;
  for (const char* const bytes : {"one", "two"}) {
    bench.stop = false;
    bench.run(4);
    write_file_atomically(weights_file(bench.folder.path, bench.cells[0], 0), bytes);
  }
  bench.stop = false;
  bench.run(4);
  const std::string name = bench.folder.path + "/set-aside/ensemble-mlp-hidden16-repeat0-0";
  CHECK(read_file(name + ".safetensors") == "one");
  CHECK(read_file(name + "-2.safetensors") == "two");
}

TEST_CASE("runner: weights at the place of a network that diverged enter no average") {
  Bench bench;
  bench.trainer.diverges = 1;
  bench.trainer.stop_after = 3;
  bench.run(4);
  write_file_atomically(weights_file(bench.folder.path, bench.cells[0], 1), "1000");
  bench.stop = false;
  bench.trainer.stop_after = -1;
  CHECK(bench.run(4));
  CHECK(bench.trainer.trained == 9);
  REQUIRE(bench.warnings.size() == 1);
  CHECK(bench.warnings[0].find("1.safetensors: its network diverged and has no weights; the file is now ") !=
        std::string::npos);
  CHECK(bench.records().cells.at({bench.cells[0], 4}).healthy == 3);
}

TEST_CASE("runner: no empty folder of weights is left behind") {
  Bench bench;
  bench.run(2);
  CHECK_FALSE(std::filesystem::exists(bench.folder.path + "/weights"));
  bench.run(2, 1, true);
  CHECK(std::filesystem::exists(bench.folder.path + "/weights"));
}
