// SPDX-License-Identifier: MIT
#include "run_program.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "asymmetry/journal.hpp"
#include "lab/pack.hpp"
#include "tools/lab/scratch_folder.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::asymmetry;

namespace {

const Program digits{"digits", "Digits", 1797, 64, 0, 64, 10, 60, true};

/// The digits program in a process of its own: this executable, told to run nothing but the case "the program itself".
class Process {
 public:
  /// `output`: where its standard output goes instead; "closed" is no file.
  Process(const ScratchFolder& folder, const std::string& arguments, const std::string& output = "")
      : text_(folder.path + "/said") {
    std::fflush(nullptr);
    child_ = fork();
    if (child_ != 0) return;
    setenv("WSYM_TEST_ARGUMENTS", arguments.c_str(), 1);
    const int file = open(text_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0) _exit(99);
    if (output == "closed")
      close(STDOUT_FILENO);
    else if (!output.empty() && dup2(open(output.c_str(), O_WRONLY), STDOUT_FILENO) < 0)
      _exit(99);
    signal(SIGHUP, SIG_DFL);
    execl("/proc/self/exe", "wsym_tests", "--no-skip", "--no-version", "--no-intro",
          "--test-case=program: the program itself", nullptr);
    _exit(99);
  }
  Process(const Process&) = delete;

  void send(int signal) const { kill(child_, signal); }
  bool ended() { return status_ >= 0 || waitpid(child_, &status_, WNOHANG) == child_; }
  /// Waits for the end: the exit code, or minus the signal that ended it.
  int code() {
    if (status_ < 0) waitpid(child_, &status_, 0);
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  std::string said() const { return read_file(text_); }

 private:
  std::string text_;
  pid_t child_ = 0;
  int status_ = -1;
};

constexpr const char* small = "--hidden 8 --members 8 --repeats 1 --epochs 2 --threads 2 --out ";
constexpr const char* mixtures = "--experiment moe --hidden 8 --experts 2,4 --repeats 1 --epochs 2 --out ";

/// Files that must not depend on how the work was done.
struct Results {
  explicit Results(const std::string& out)
      : summary(read_file(out + "/summary.csv")),
        metrics(read_file(out + "/metrics.csv")),
        journal(canonical_journal(out + "/journal")) {}
  std::string summary, metrics, journal;
};

void check_equal(const Results& a, const Results& b) {
  CHECK(a.summary == b.summary);
  CHECK(a.metrics == b.metrics);
  CHECK(a.journal == b.journal);
}

std::size_t members_in(const std::string& out) {
  return read_journal(out + "/journal", {"digits", "text", "accuracy"}).members.size();
}

/// Starts a run and sends the signal as soon as its journal holds that many networks.
int interrupt(const ScratchFolder& folder, const std::string& arguments, std::size_t after, int signal) {
  Process process(folder, arguments + folder.path + "/out");
  while (!process.ended() && members_in(folder.path + "/out") < after) sched_yield();
  process.send(signal);
  return process.code();
}

/// The file of the network's weights, if the run was stopped before its cell was done.
std::string weights_in(const std::string& out, Index member) {
  for (const char* const model : {"mlp", "wmlp"})
    if (const std::string file = message(out, "/weights/ensemble-", model, "-hidden8-repeat0/", member, ".safetensors");
        std::filesystem::exists(file))
      return file;
  return {};
}

void replace_in(const std::string& file, const std::string& what, const std::string& with) {
  std::string text = read_file(file);
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size())
    text.replace(at, what.size(), with);
  write_file_atomically(file, text);
}

std::string only_file(const std::string& folder) {
  return std::filesystem::directory_iterator(folder)->path().string();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("program: the program itself" * doctest::skip()) {
  const char* const arguments = getenv("WSYM_TEST_ARGUMENTS");
  REQUIRE(arguments != nullptr);
  std::vector<std::string> words = {"digits"};
  std::istringstream stream(arguments);
  for (std::string word; stream >> word;) words.push_back(word);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  const int code = papers::run_program(digits, static_cast<int>(argv.size()), argv.data());
  std::fflush(nullptr);
  _exit(code);
}

TEST_CASE("program: one, two and four threads give the same bytes") {
  const ScratchFolder one, two, four;
  const ScratchFolder* folders[] = {&one, &two, &four};
  const char* const threads[] = {"1", "2", "4"};
  for (int i = 0; i < 3; ++i) {
    Process process(*folders[i], "--hidden 8 --members 8 --repeats 2 --epochs 2 --out " + folders[i]->path +
                                     "/out --threads " + threads[i]);
    CHECK_MESSAGE(process.code() == 0, process.said());
  }
  const Results expected(one.path + "/out");
  CHECK(contains(expected.summary, "digits,text,ensemble,wmlp,,8,8,accuracy,"));
  check_equal(Results(two.path + "/out"), expected);
  check_equal(Results(four.path + "/out"), expected);
}

TEST_CASE("program: killed in the middle and started again, it ends with the same bytes") {
  const ScratchFolder whole;
  CHECK(Process(whole, small + whole.path + "/out").code() == 0);
  const Results expected(whole.path + "/out");
  for (const std::size_t after : {std::size_t{1}, std::size_t{5}, std::size_t{12}}) {
    const ScratchFolder folder;
    REQUIRE(interrupt(folder, small, after, SIGKILL) == -SIGKILL);
    const std::size_t survived = members_in(folder.path + "/out");
    CHECK(survived >= after);
    CHECK(survived < 16);
    CHECK_FALSE(std::filesystem::exists(folder.path + "/out/summary.csv"));
    Process process(folder, small + folder.path + "/out");
    CHECK_MESSAGE(process.code() == 0, process.said());
    CHECK(contains(process.said(), message(16 - survived, 16 - survived == 1 ? " network" : " networks", " to train")));
    check_equal(Results(folder.path + "/out"), expected);
  }
}

TEST_CASE("program: mixtures of all models and gates end with the same bytes on one thread and after a kill") {
  const ScratchFolder whole, killed;
  CHECK(Process(whole, mixtures + whole.path + "/out --threads 1").code() == 0);
  const Results expected(whole.path + "/out");
  CHECK(contains(expected.summary, "\ndigits,text,moe,iwmlp,gumbel,8,4,accuracy,"));
  CHECK(contains(expected.metrics, "\nmoe,digits,text,model=imlp;hidden=8;gate=softmax,2,train,gate_entropy,"));
  REQUIRE(interrupt(killed, mixtures, 5, SIGKILL) == -SIGKILL);
  const std::size_t survived = members_in(killed.path + "/out");
  CHECK(survived < 16);
  Process process(killed, mixtures + killed.path + "/out --threads 2");
  CHECK_MESSAGE(process.code() == 0, process.said());
  CHECK(contains(process.said(), message(16 - survived, 16 - survived == 1 ? " network" : " networks", " to train")));
  check_equal(Results(killed.path + "/out"), expected);
}

TEST_CASE("program: controls take over an ensemble's networks, and write their comparisons") {
  const ScratchFolder folder;
  const std::string how = "--hidden 8 --members 2 --repeats 2 --epochs 1 --out " + folder.path + "/out";
  CHECK(Process(folder, how).code() == 0);
  Process process(folder, how + " --experiment controls --controls kappa,balance --experts 2");
  CHECK_MESSAGE(process.code() == 0, process.said());
  // wmlp with four values of kappa, two networks each; two gates and models, plain and with two weights of balance
  CHECK(contains(process.said(), message(2 * (4 * 2 + 2 * 2 * 3), " networks to train")));
  const std::string controls = read_file(folder.path + "/out/controls.csv");
  CHECK(contains(controls, "\ndigits,text,kappa=0.5,wmlp,,8,2,improvement_pct,"));
  CHECK(contains(controls, "\ndigits,text,balance=0.01,mlp,gumbel,8,2,accuracy,"));
  CHECK(contains(Results(folder.path + "/out").metrics, "\ncontrols,digits,text,model=wmlp;hidden=8;kappa=free,"));
  CHECK(contains(process.said(), "All repetitions share one split"));
}

TEST_CASE("program: Ctrl-C keeps what is finished, says how to continue, and exits with 1") {
  const ScratchFolder whole, folder;
  CHECK(Process(whole, small + whole.path + "/out").code() == 0);
  REQUIRE(interrupt(folder, small, 2, SIGINT) == 1);
  const std::string said = read_file(folder.path + "/said");
  CHECK(contains(said, "digits: interrupted; "));
  CHECK(contains(said, "To continue: digits --hidden 8"));
  CHECK(Process(folder, small + folder.path + "/out").code() == 0);
  check_equal(Results(folder.path + "/out"), Results(whole.path + "/out"));
}

TEST_CASE("program: a closed terminal is a stop like Ctrl-C") {
  const ScratchFolder folder;
  REQUIRE(interrupt(folder, small, 2, SIGHUP) == 1);
  CHECK(contains(read_file(folder.path + "/said"), "digits: interrupted; "));
}

TEST_CASE("program: swapped or damaged weights of an unfinished cell are set aside, and the results are the same") {
  const ScratchFolder whole, folder;
  CHECK(Process(whole, small + whole.path + "/out").code() == 0);
  const std::string out = folder.path + "/out";
  const std::string one = "--hidden 8 --members 8 --repeats 1 --epochs 2 --threads 1 --out " + out;
  {
    Process process(folder, one);
    while (!process.ended() && (members_in(out) < 4 || weights_in(out, 3).empty())) sched_yield();
    process.send(SIGKILL);
    REQUIRE(process.code() == -SIGKILL);
  }
  const std::string bytes = read_file(weights_in(out, 0));
  write_file_atomically(weights_in(out, 1), bytes);
  write_file_atomically(weights_in(out, 2), bytes.substr(0, bytes.size() / 2));
  write_file_atomically(weights_in(out, 3) + ".tmp-999999998-0", "left by a kill");
  Process process(folder, one);
  CHECK_MESSAGE(process.code() == 0, process.said());
  CHECK(contains(process.said(), "digits: warning: mlp, hidden 8, repetition 0, member 1: "));
  CHECK(contains(process.said(), "it holds the weights of 'mlp, hidden 8, repetition 0, member 0'; the file is now " +
                                     out + "/set-aside/ensemble-mlp-hidden8-repeat0-1.safetensors"));
  CHECK(contains(process.said(), "member 2: "));
  CHECK(read_file(out + "/set-aside/ensemble-mlp-hidden8-repeat0-1.safetensors") == bytes);
  CHECK_FALSE(std::filesystem::exists(out + "/weights"));
  check_equal(Results(out), Results(whole.path + "/out"));
}

TEST_CASE("program: a journal that is removed while it runs is noticed at the next line") {
  const ScratchFolder folder;
  const std::string out = folder.path + "/out";
  Process process(folder, "--hidden 8 --members 64 --repeats 4 --epochs 20 --out " + out);
  while (!process.ended() && members_in(out) < 1) sched_yield();
  std::filesystem::remove_all(out + "/journal");
  CHECK(process.code() == 1);
  CHECK(contains(process.said(), "it was removed or replaced since it was opened"));
}

TEST_CASE("program: where everything diverged it says so and exits with 1, after its files are written") {
  const ScratchFolder folder;
  const std::string out = folder.path + "/out";
  for (int run = 0; run < 2; ++run) {  // the second one finds it in the journal
    Process process(folder, std::string(small) + out + " --lr 1e30");
    CHECK(process.code() == 1);
    CHECK(contains(process.said(),
                   "digits: all 16 networks diverged, so there are no results; a lower --lr than 1e+30 may help\n"));
    CHECK(contains(process.said(), "repetition 0, member 7 diverged and is in no average"));
  }
  CHECK(std::filesystem::exists(out + "/summary.csv"));
}

TEST_CASE("program: output that nobody can read is an error, after the files are safe") {
  const ScratchFolder whole;
  CHECK(Process(whole, small + whole.path + "/out").code() == 0);
  for (const char* const output : {"/dev/full", "closed"}) {
    const ScratchFolder folder;
    Process process(folder, small + folder.path + "/out", output);
    CHECK_MESSAGE(process.code() == 1, process.said());
    CHECK(contains(process.said(), "digits: cannot write to standard output: "));
    check_equal(Results(folder.path + "/out"), Results(whole.path + "/out"));
    CHECK(read_file(folder.path + "/out/lock").empty());
  }
  const ScratchFolder folder;
  CHECK(Process(folder, "--describe", "/dev/full").code() == 1);
  CHECK(Process(folder, std::string("--quiet ") + small + folder.path + "/out", "/dev/full").code() == 0);
}

TEST_CASE("program: commands in a journal or in the name of its folder are not obeyed") {
  const ScratchFolder folder;
  const std::string how = "--hidden 4 --members 2 --repeats 1 --epochs 1 --out ";
  const std::string out = folder.path + "/x`touch${IFS}PWNED`';system(\"touch${IFS}PWNED\")#<script>";
  Process first(folder, how + out);
  CHECK_MESSAGE(first.code() == 0, first.said());
  CHECK_FALSE(contains(read_file(out + "/report.html"), "<script"));
  const std::string file = only_file(out + "/journal"), journal = read_file(file);
  replace_in(file, R"("variant":"")", R"("variant":"x`touch PWNED`")");
  Process second(folder, how + out);
  CHECK(second.code() == 1);
  CHECK(contains(second.said(), file + ":2: variant 'x`touch PWNED`': "));
  write_file_atomically(file, journal);
  replace_in(file, R"("preset":"text")", R"x("preset":"a'; system(\"touch PWNED\")")x");
  Process third(folder, how + out);
  CHECK(third.code() == 1);
  CHECK(contains(third.said(), "holds the results of other settings: preset was "));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path))
    CHECK_FALSE(entry.path().filename() == "PWNED");
  CHECK_FALSE(std::filesystem::exists("PWNED"));
}

TEST_CASE("program: a run's line names the commit that it was built from") {
  const ScratchFolder folder;
  const std::string out = folder.path + "/out";
  CHECK(Process(folder, "--hidden 4 --members 2 --repeats 1 --epochs 1 --quiet --out " + out).code() == 0);
  const Records records = read_journal(out + "/journal", {"digits", "text", "accuracy"});
  CHECK_FALSE(records.runs.at(0).at("session").string("commit").empty());
  CHECK_FALSE(contains(canonical_journal(out + "/journal"), "commit"));
}

TEST_CASE("program: a run grown by members, repetitions and widths ends as the large run at once") {
  const ScratchFolder grown, fresh;
  const std::string start = "--epochs 2 --quiet --out " + grown.path + "/out ";
  CHECK(Process(grown, start + "--hidden 8 --members 2 --repeats 1 --models mlp").code() == 0);
  CHECK(Process(grown, start + "--hidden 8 --members 4 --repeats 2").code() == 0);
  Process last(grown, start + "--hidden 4 --members 4 --repeats 2");
  CHECK(last.code() == 0);
  CHECK(last.said().empty());
  CHECK(Process(fresh, "--epochs 2 --hidden 4,8 --members 4 --repeats 2 --out " + fresh.path + "/out").code() == 0);
  CHECK(Results(grown.path + "/out").summary == Results(fresh.path + "/out").summary);
  CHECK(Results(grown.path + "/out").metrics == Results(fresh.path + "/out").metrics);
}

TEST_CASE("program: a packed run goes on where it ended") {
  const ScratchFolder packed, whole;
  const std::string out = packed.path + "/out", start = "--epochs 2 --hidden 8 --members 4 --quiet --out " + out;
  CHECK(Process(packed, start + " --repeats 1").code() == 0);
  std::vector<std::string> warnings;
  pack_journal(out, warnings);
  CHECK(only_file(out + "/journal") == out + "/journal/packed.jsonl.gz");
  CHECK(Process(packed, start + " --repeats 2").code() == 0);
  CHECK(journal_files(out + "/journal").size() == 2);
  CHECK(Process(whole, "--epochs 2 --hidden 8 --members 4 --repeats 2 --out " + whole.path + "/out").code() == 0);
  check_equal(Results(out), Results(whole.path + "/out"));
  pack_journal(out, warnings);
  check_equal(Results(out), Results(whole.path + "/out"));
  CHECK(warnings.empty());
}

TEST_CASE("program: exit codes are 0 when done, 2 for wrong usage, 1 for anything else, with the reason in one line") {
  const ScratchFolder folder;
  write_file_atomically(folder.path + "/a-file", "");
  make_directories(folder.path + "/malformed/digits");
  write_file_atomically(folder.path + "/malformed/digits/digits.csv", "1,2,x\n");
  const std::string out = " --quiet --epochs 1 --members 1 --repeats 1 --out " + folder.path + "/out";
  const std::tuple<std::string, int, std::string> cases[] = {
      {"--help", 0, "Usage: digits"},
      {"--describe", 0, "1797"},
      {"--hidden 0", 2, "digits: --hidden: 0 came; it must be from 1 to 65536\nRun digits --help for the options.\n"},
      {"--data " + folder.path + "/missing" + out, 1, "no such data directory"},
      {"--data " + folder.path + "/malformed" + out, 1, "/malformed/digits/digits.csv:1: "},
      {"--hidden 8,,16" + out, 2, "digits: --hidden: '8,,16' came; an item of it is empty\n"},
      {"--hidden 1" + out, 1, "digits: n_fix is 1 but the fan-in is 1"},
      {"--quiet --epochs 1 --out " + folder.path + "/a-file", 1, "cannot make the directory"},
      {"--hidden 4" + out, 0, ""},
      {"--hidden 4 --lr 0.5" + out, 1, "holds the results of other settings: lr was 0.001, now it is 0.5;"},
  };
  for (const auto& [arguments, code, text] : cases) {
    Process process(folder, arguments);
    CHECK_MESSAGE(process.code() == code, process.said());
    CHECK_MESSAGE(contains(process.said(), text), process.said());
  }
}

TEST_CASE("program: a mask scope that is not the preset's is a control, and only the wmlp's") {
  const ScratchFolder folder;
  const std::string out = folder.path + "/out";
  CHECK(Process(folder, "--epochs 1 --members 2 --repeats 1 --hidden 4 --mask-scope member --out " + out).code() == 0);
  const Results results(out);
  CHECK(contains(results.summary, ",ensemble,mlp,"));
  CHECK_FALSE(contains(results.summary, "wmlp"));
  CHECK(contains(results.metrics, "controls,digits,text,model=wmlp;hidden=4;mask_scope=member,"));
  CHECK(contains(read_file(folder.path + "/said"), "averaged weights are a plain network without frozen entries"));
}
