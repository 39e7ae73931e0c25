// SPDX-License-Identifier: MIT
#include "asymmetry/run_facts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "asymmetry/names.hpp"
#include "asymmetry/options.hpp"
#include "lab/html.hpp"
#include "lab/text.hpp"

namespace wsym::asymmetry {
namespace {

std::string text_of(const Json& value) {
  return value.is_string() ? value.string() : value.dump();
}

/// A member of an object; "unknown" where there is none.
std::string member(const Json* object, const char* name) {
  const Json* const value = object ? object->find(name) : nullptr;
  return value ? text_of(*value) : "unknown";
}

/// The items of a definition list, each once.
class Facts {
 public:
  void add(const std::string& name, const std::string& value, const char* tag = "span") {
    if (!seen_.emplace(name, value).second) return;
    html_ += "<dt>" + html_text(name) + "</dt><dd><" + tag + ">" + html_text(value) + "</" + tag + "></dd>\n";
  }
  std::string html() const { return "<dl>\n" + html_ + "</dl>\n"; }

 private:
  std::set<std::pair<std::string, std::string>> seen_;
  std::string html_;
};

/// A run that was interrupted and continued has several lines of one command; the first start is shown.
void add_runs(const std::vector<Json>& runs, Facts& facts) {
  std::map<std::string, Index> times;
  for (const Json& run : runs) ++times[member(run.find("session"), "command")];
  for (const Json& run : runs) {
    const Json *const session = run.find("session"), *const build = run.find("build");
    const Json* const on = session ? session->find("on") : nullptr;
    const std::string command = member(session, "command");
    const Index count = std::exchange(times[command], 0);
    if (count == 0) continue;
    facts.add("Command", command, "code");
    if (session && session->contains("started"))
      facts.add("Started",
                member(session, "started") + (count > 1 ? message(" (the first of ", count, " starts)") : ""));
    facts.add("Library", "wsym " + member(build, "wsym") + ", " + member(build, "compiler") + ", " +
                             member(build, "instructions") + ", commit " + member(session, "commit"));
    if (on && on->contains("host"))  // a packed journal does not name machines
      facts.add("Machine", member(on, "host") + ": " + member(on, "processor") + ", " + member(on, "cores") +
                               " cores, " + member(on, "system"));
  }
}

std::string method(const Json& identity) {
  std::vector<std::string> words;
  for (const auto& [name, value] : identity.members())
    if (name != "program" && name != "preset") words.push_back(name + " " + text_of(value));
  return join(words, ", ");
}

bool has_interpolated(const Records& records) {
  return std::any_of(records.members.begin(), records.members.end(),
                     [](const auto& entry) { return interpolates(entry.second.cell.model); });
}

}  // namespace

std::string run_facts(const Study& study) {
  Facts facts;
  Index networks = 0, diverged = 0;
  double seconds = 0;
  for (const Source& source : study.sources) {
    add_runs(source.records->runs, facts);
    facts.add("Method", method(source.identity));
    if (study.setting.preset == "code" && has_interpolated(*source.records))
      facts.add("Interpolated experts", "5 affine layers, relu, as in the authors' code");
    for (const std::string& warning : source.records->warnings) facts.add("Warning", warning);
    for (const auto& [place, record] : source.records->members) {
      ++networks;
      diverged += record.diverged;
      seconds += std::isfinite(record.seconds) ? record.seconds : 0;
    }
  }
  facts.add("Networks", message(networks, ", trained in ", duration(seconds), " of processor time",
                                diverged > 0 ? message("; ", diverged, " diverged and are in no average") : ""));
  return facts.html();
}

}  // namespace wsym::asymmetry
