// SPDX-License-Identifier: MIT
#include "experiment/program.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "examples/experiment/scratch_folder.hpp"
#include "experiment/journal.hpp"
#include "wsym/io/atomic_file.hpp"

using namespace wsym;
using namespace wsym::experiment;

namespace {

const Program digits{"digits", "Digits", 1797, 64, 0, 64, 10, 60, true};

/// The digits program in a process of its own: this executable, told to run nothing but the case "the program itself".
class Process {
 public:
  Process(const ScratchFolder& folder, const std::string& arguments) : text_(folder.path + "/said") {
    std::fflush(nullptr);
    child_ = fork();
    if (child_ != 0) return;
    setenv("WSYM_TEST_ARGUMENTS", arguments.c_str(), 1);
    const int file = open(text_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (dup2(file, STDOUT_FILENO) < 0 || dup2(file, STDERR_FILENO) < 0) _exit(99);
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
  const int code = run_program(digits, static_cast<int>(argv.size()), argv.data());
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
