// SPDX-License-Identifier: MIT
#include <cstdio>

#include "efficient/any_network.hpp"
#include "experiment/command_line.hpp"
#include "experiment/run_main.hpp"

using namespace wsym::experiment;

/// What files of networks and of served models hold, whatever their type.
int main(int argc, char** argv) {
  std::vector<std::string> files;
  CLI::App app("Prints what files of networks and of served models hold.", "describe");
  app.add_option("files", files, "what save, save_model or --keep-weights wrote")->required()->type_name("FILE");
  return run_main("describe", argc, argv, [&](const std::vector<std::string>& arguments) {
    parse(app, arguments);
    for (const std::string& file : files) std::fputs(wsym::efficient::describe(file).c_str(), stdout);
    return 0;
  });
}
