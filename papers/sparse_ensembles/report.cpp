// SPDX-License-Identifier: MIT
#include "sparse_ensembles/report.hpp"

#include <algorithm>

#include "lab/gnuplot.hpp"
#include "lab/html.hpp"
#include "lab/text.hpp"
#include "lab/words.hpp"
#include "sparse_ensembles/figures.hpp"
#include "sparse_ensembles/tables.hpp"
#include "wsym/io/atomic_file.hpp"
#include "wsym/io/file.hpp"

namespace wsym::sparse_ensembles {
namespace {

using lab::Drawn;
using lab::html_text;
using lab::HtmlTable;

class Page {
 public:
  explicit Page(std::string out) : out_(std::move(out)) {
    make_directories(out_ + "/figures");
    make_directories(out_ + "/tables");
  }

  void section(const std::string& id, const std::string& title, const std::string& html) {
    links_ += "<li><a href=\"#" + html_text(id) + "\">" + html_text(title) + "</a></li>\n";
    html_ += "<h2 id=\"" + html_text(id) + "\">" + html_text(title) + "</h2>\n" + html;
  }

  std::string figures(const Figures& figures) {
    std::string html;
    for (const Plot& plot : figures.plots) html += figure(plot);
    for (const HeatMap& map : figures.maps) html += figure(map);
    return html;
  }

  void write(const std::string& title) const {
    write_file_atomically(out_ + "/report.html",
                          lab::html_page(title, "After Allingham et al. 2022, on vectors", links_, html_));
  }

  /// A line about figures that are not there, or nothing.
  std::string said() const {
    if (worst_ == Drawn::failed) return "\nno figures: gnuplot failed, see " + out_ + "/figures/" + failed_ + ".log";
    return worst_ == Drawn::yes
               ? ""
               : "\nno figures: gnuplot is not installed (Debian, Ubuntu: apt-get install gnuplot-nox)";
  }

 private:
  template <class Drawing> std::string figure(Drawing drawing) {
    const std::string folder = out_ + "/figures", name = drawing.name = lab::plain_name(drawing.name);
    write_file_atomically(folder + "/" + name + ".gp", script_of(drawing));
    const Drawn drawn = lab::run_gnuplot(folder, name);
    if (drawn == Drawn::failed && worst_ != drawn) failed_ = name;
    worst_ = std::max(worst_, drawn);
    if (drawn != Drawn::yes) return "";
    return "<figure>" + lab::inline_svg(read_file(folder + "/" + name + ".svg"), name + "-", drawing.title) +
           "</figure>\n";
  }

  std::string out_, links_, html_, failed_;  // failed_: the first figure that did
  Drawn worst_ = Drawn::yes;
};

constexpr const char* how_to_read = R"(<ul>
<li>All numbers are measured on the test part; ± is one standard error of the mean over repetitions, which differ in
weights, batches and noise and share one split of the data.</li>
<li>Members' probabilities are averaged before a metric is taken. NLL in nats, errors in percent, ECE over 15 bins; KL is
the mean over pairs of members i &lt; j.</li>
<li>FLOPs are those of the products that are executed for an average row of a batch of 256: 2 a multiply-add; sparse layers
count the rows that they sent to experts.</li>
<li>The published numbers (Allingham et al. 2022) are of Vision Transformers on images: signs and orders can be compared,
numbers cannot.</li>
</ul>
)";

std::string study_table(const Study& study, const Records& records) {
  std::vector<std::string> head = {"system"};
  for (const std::string& metric : study.metrics) head.push_back(title_of(metric));
  head.push_back("n");
  HtmlTable table(head, 1);
  for (const Study::Row& row : study.rows) {
    const std::size_t n = repeats_of(records, row.system).size();
    if (n == 0) continue;
    std::vector<std::string> cells = {row.label};
    for (const std::string& metric : study.metrics)
      cells.push_back(text_of(metric, moments_of(records, row.system, metric)));
    cells.push_back(std::to_string(n));
    table.row(cells);
  }
  return table.empty() ? "" : table.html(study.title);
}

std::string gains_csv(const std::vector<GainOverDense>& gains) {
  std::string text = "row,dense_nll,nll,gain,normalised\n";
  for (const GainOverDense& g : gains)
    text += lab::join({lab::csv_field(g.label), lab::shortest(g.dense), lab::shortest(g.nll), lab::shortest(g.gain),
                       lab::shortest(g.normalised)},
                      ",") +
            "\n";
  return text;
}

std::string gains_table(const std::vector<GainOverDense>& gains) {
  HtmlTable table({"system", "NLL of the dense one", "NLL", "gain %", "normalised %"}, 1);
  for (const GainOverDense& g : gains)
    table.row({g.label, lab::rounded(g.dense, 4), lab::rounded(g.nll, 4), lab::with_sign(g.gain, 2),
               lab::with_sign(g.normalised, 2)});
  return table.empty() ? "" : table.html("Gains over the dense network of the same width (Table 10)");
}

std::string claims_table(const std::vector<Finding>& findings) {
  const auto number = [](double value) {  // gains a FLOP are small
    return lab::shortest(lab::significant(value, 3));
  };
  HtmlTable table({"claim", "says", "verdict", "mean", "95 % interval", "bound", "n", "measured"}, 3);
  for (const Finding& f : findings)
    table.row({std::to_string(f.claim), f.says, f.verdict, number(f.mean), number(f.lower) + " to " + number(f.upper),
               number(f.bound), std::to_string(f.n), f.measured});
  return "<p>Each line is a difference in every repetition; the claim holds where its whole interval lies below the "
         "bound, where equality is claimed in size.</p>\n" +
         table.html("The claims of the paper, decided on this data set");
}

std::string settings(const Json& identity) {
  std::vector<std::string> words;
  for (const auto& [name, value] : identity.members())
    if (!value.is_string() || !value.string().empty())
      words.push_back(name + " " + (value.is_string() ? value.string() : value.dump()));
  return lab::join(words, ", ");
}

std::string facts(const Subject& subject, const Records& records) {
  std::string html = "<dl>\n";
  std::vector<std::string> seen;
  for (const Json& run : subject.runs) {
    const Json* const said = run.at("session").find("command");
    const std::string command = said && said->is_string() ? said->string() : "unknown";
    if (std::find(seen.begin(), seen.end(), command) != seen.end()) continue;
    seen.push_back(command);
    html += "<dt>Command</dt><dd><code>" + html_text(command) + "</code></dd>\n";
  }
  double seconds = 0;
  Index diverged = 0;
  for (const auto& [place, record] : records) seconds += record.seconds, diverged += record.diverged;
  html += "<dt>Settings</dt><dd>" + html_text(settings(subject.runs.back().at("identity"))) + "</dd>\n";
  return html + "<dt>Systems</dt><dd>" + std::to_string(records.size()) + " trained in " + lab::duration(seconds) +
         " of processor time" +
         (diverged > 0 ? message("; ", diverged, " diverged and are in no average") : std::string()) + "</dd>\n</dl>\n";
}

/// Those that were asked for, and those of which every system has a record.
std::vector<Study> shown_studies(const Subject& subject, const Records& records) {
  const auto there = [&](const Study::Row& row) {
    return !repeats_of(records, row.system).empty();
  };
  std::vector<Study> studies = studies_of({"all"}, subject.common, subject.classes, subject.other);
  std::erase_if(studies, [&](const Study& study) {
    const bool asked = std::find(subject.studies.begin(), subject.studies.end(), study.name) != subject.studies.end();
    return asked ? std::none_of(study.rows.begin(), study.rows.end(), there)
                 : !std::all_of(study.rows.begin(), study.rows.end(), there);
  });
  return studies;
}

/// Systems that no study names: what --models asked for.
Study other_systems(const std::vector<Study>& studies, const Records& records, const System& common) {
  const std::vector<System> named = systems_of(studies);
  std::vector<System> rest;
  for (const auto& [place, record] : records)
    if (std::find(named.begin(), named.end(), record.system) == named.end() &&
        (rest.empty() || !(rest.back() == record.system)))
      rest.push_back(record.system);
  return listed(rest, common);
}

}  // namespace

std::string write_report(const std::string& out, const Subject& subject, const Records& records) {
  Page page(out);
  page.section("how-to-read", "How to read this page", how_to_read);
  page.section("run", "What was run", facts(subject, records));
  const std::vector<Finding> findings = findings_of(records, subject.common);
  if (!findings.empty()) page.section("claims", "The claims of the paper", claims_table(findings));
  write_file_atomically(out + "/claims.csv", claims_csv(findings));
  Index tables = 0;
  const auto write_table = [&](const std::string& name, const std::string& csv) {
    write_file_atomically(out + "/tables/" + name + ".csv", csv);
    ++tables;
  };
  const std::vector<Study> studies = shown_studies(subject, records);
  for (const Study& study : studies) {
    const auto gains = study.name == "fig9" ? gains_over_dense(study, records) : std::vector<GainOverDense>{};
    page.section(
        study.name, study.name + ": " + study.title,
        study_table(study, records) + gains_table(gains) + page.figures(figures_of(study, records, subject.common)));
    write_table(study.name, study_csv(study, records));
    if (!gains.empty()) write_table("table10", gains_csv(gains));
  }
  const Study others = other_systems(studies, records, subject.common);
  if (const std::string table = study_table(others, records); !table.empty()) {
    page.section("systems", studies.empty() ? "Systems" : "Other systems", table);
    write_table("systems", study_csv(others, records));
  }
  page.section("routing", "Calibration and routing", page.figures(routing_and_reliability(records, subject.common)));
  write_file_atomically(out + "/metrics.csv", metrics_csv(subject.dataset, records));
  page.write(subject.title + ": sparse experts and efficient ensembles");
  return message("report: ", out, "/report.html; metrics.csv, ", tables, tables == 1 ? " table" : " tables",
                 " in tables/, figures/", page.said());
}

}  // namespace wsym::sparse_ensembles
