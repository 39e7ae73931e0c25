// SPDX-License-Identifier: MIT
#include "run_program.hpp"

#include <signal.h>

#include "asymmetry/program.hpp"
#include "asymmetry/report.hpp"
#include "lab/run_main.hpp"
#include "sparse_ensembles/program.hpp"

namespace wsym::papers {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may write it");

/// The first Ctrl-C, SIGTERM or closing of the terminal asks for a stop, a second one stops at once. Who ignores the
/// closing, as nohup does, goes on.
void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int) {
    interrupted = true;
  };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  struct sigaction before = {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

std::string joined(int argc, char** argv) {
  std::string command;
  for (int i = 0; i < argc; ++i) command += (i ? " " : "") + std::string(argv[i]);
  return command;
}

int run_arguments(const datasets::Program& program, const std::vector<std::string>& arguments,
                  const std::string& command) {
  if (sparse_ensembles::asks_for_efficient(arguments)) {
    const sparse_ensembles::Options options = sparse_ensembles::parse_options(program, arguments);
    const std::string data = datasets::data_folder(program.comes_with_data, options.data);
    catch_signals();
    return sparse_ensembles::run_efficient(program, options, data, command, interrupted);
  }
  const asymmetry::Options options = asymmetry::parse_options(program, arguments);
  if (options.describe) {
    std::fputs(asymmetry::describe(program).c_str(), stdout);
    return 0;
  }
  const std::string data = datasets::data_folder(program.comes_with_data, options.data);
  catch_signals();
  return asymmetry::run_experiment(program, options, data, command, interrupted);
}

}  // namespace

int run_program(const datasets::Program& program, int argc, char** argv) {
  return lab::run_main(program.name.c_str(), argc, argv, [&](const std::vector<std::string>& arguments) {
    return run_arguments(program, arguments, joined(argc, argv));
  });
}

}  // namespace wsym::papers
