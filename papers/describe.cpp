// SPDX-License-Identifier: MIT
#include <cstdio>

#include "lab/command_line.hpp"
#include "lab/run_main.hpp"
#include "sparse_ensembles/any_network.hpp"

using namespace wsym::lab;

/// What files of networks and of served models hold, whatever their type.
int main(int argc, char** argv) {
  std::vector<std::string> files;
  CLI::App app("Prints what files of networks and of served models hold.", "describe");
  app.add_option("files", files, "what save, save_model or --keep-weights wrote")->required()->type_name("FILE");
  return run_main("describe", argc, argv, [&](const std::vector<std::string>& arguments) {
    parse(app, arguments);
    for (const std::string& file : files) std::fputs(wsym::sparse_ensembles::describe(file).c_str(), stdout);
    return 0;
  });
}
