// SPDX-License-Identifier: MIT
#include <cstdio>

#include "lab/command_line.hpp"
#include "lab/pack.hpp"
#include "lab/run_main.hpp"

using namespace wsym::lab;

/// One compressed file in place of a journal's many.
int main(int argc, char** argv) {
  std::string folder, file;
  CLI::App app("Packs the journal of a results folder into one compressed file, which programs read as it is.", "pack");
  app.add_option("folder", folder, "what a program wrote with --out, or a packed journal")
      ->required()
      ->type_name("DIR");
  app.add_option("--to", file, "NAME.jsonl.gz to write [the journal's own files are replaced]")->type_name("FILE");
  app.footer("Exit codes: 0 done, 2 wrong usage, 1 anything else.");
  return run_main("pack", argc, argv, [&](const std::vector<std::string>& arguments) {
    parse(app, arguments);
    std::vector<std::string> warnings;
    if (file.empty())
      pack_journal(folder, warnings);
    else
      pack_journal(folder, file, warnings);
    for (const std::string& warning : warnings) std::fprintf(stderr, "pack: warning: %s\n", warning.c_str());
    return 0;
  });
}
