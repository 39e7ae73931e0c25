// SPDX-License-Identifier: MIT
#include <cstdio>

#include "efficient/any_network.hpp"
#include "experiment/command_line.hpp"
#include "experiment/streams.hpp"

using namespace wsym::experiment;

/// What files of networks and of served models hold, whatever their type.
int main(int argc, char** argv) {
  std::vector<std::string> files;
  CLI::App app("Prints what files of networks and of served models hold.", "describe");
  app.add_option("files", files, "what save, save_model or --keep-weights wrote")->required()->type_name("FILE");
  guard_streams();
  try {
    app.parse(argc, argv);
    for (const std::string& file : files) std::fputs(wsym::efficient::describe(file).c_str(), stdout);
    return after_output("describe", 0);
  } catch (const CLI::ParseError& error) {
    return after_output("describe", app.exit(error) == 0 ? 0 : 2);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "describe: %s\n", error.what());
    return 1;
  }
}
