// SPDX-License-Identifier: MIT
#include "asymmetry/report_page.hpp"

#include <algorithm>

#include "asymmetry/names.hpp"
#include "asymmetry/report_controls.hpp"
#include "asymmetry/report_tables.hpp"
#include "asymmetry/run_facts.hpp"
#include "asymmetry/words.hpp"
#include "lab/html.hpp"
#include "lab/text.hpp"
#include "wsym/io/atomic_file.hpp"

namespace wsym::asymmetry {
namespace {

/// Draws charts into a folder and remembers the worst that happened.
class Drawing {
 public:
  explicit Drawing(std::string folder) : folder_(std::move(folder)) {}

  /// The chart inside a <figure>; empty if it could not be drawn.
  std::string figure(Chart chart, const std::string& prefix) {
    chart.name = plain_name(prefix + chart.name);
    const Drawn drawn = draw(chart, folder_);
    if (drawn == Drawn::failed && worst_ != drawn) failed_ = chart.name;
    worst_ = std::max(worst_, drawn);
    if (drawn != Drawn::yes) return "";
    ++count_;
    const std::string svg = read_file(folder_ + "/" + chart.name + ".svg");
    return "<figure>" + inline_svg(svg, chart.name + "-", chart.title + ". " + chart.subtitle) + "</figure>\n";
  }

  std::string said() const {
    if (worst_ == Drawn::failed) return "no figures: gnuplot failed, see " + folder_ + "/" + failed_ + ".log";
    if (worst_ == Drawn::no_gnuplot)
      return "no figures: gnuplot is not installed (Debian, Ubuntu: apt-get install gnuplot-nox); its scripts and data "
             "are in " +
             folder_;
    if (count_ == 0) return "no figures: they need ensembles, of two members at least";
    return "figures: " + std::to_string(count_) + " in " + folder_;
  }

 private:
  std::string folder_, failed_;  // the first chart that failed
  Drawn worst_ = Drawn::yes;
  Index count_ = 0;
};

std::string anchor(const Study& study) {
  return plain_name(study.setting.dataset + "-" + study.setting.preset);
}

std::string heading(Figure figure) {
  const std::string number = "Figure " + std::to_string(static_cast<int>(figure)) + ": ";
  if (of_gains(figure))
    return number + (of_mixtures(figure) ? "what more experts gain over two" : "what ensembles gain over one network");
  return number + (of_mixtures(figure) ? "mixtures of experts" : "ensembles and single networks");
}

std::string controls_of(const Study& study) {
  std::string tables;
  for (const Source& source : study.sources)
    for (const std::string& folder : source.folders) tables += controls_table(folder);
  return tables;
}

constexpr const char* how_to_read = R"(<ul>
<li>All numbers are measured on the test part. <em>n</em> is the number of repetitions; ± and bands are one sample
standard deviation over them. Repetitions differ in weights and batches and share one split of the data.</li>
<li>An ensemble of size k averages the outputs of k networks. <em>single</em> is the mean of all networks of a
repetition, each on its own.</li>
<li>Improvement is positive where the result is better: of ensembles over <em>single</em>, of mixtures over two
experts; it is a ratio of means over repetitions.</li>
<li><em>published</em> is what Chernov and Novitskij (2025, arXiv 2502.17391) plot: made by their code, 10
repetitions, 64 networks. Preset <code>code</code> does what that code does. Preset <code>text</code> does what the
paper says, which differs in the split, the reported epoch and the sharing of frozen weights.</li>
<li>z, of preset <code>code</code> alone, is the difference to a published mean in units of its standard error, published
sd × √(1/n + 1/10). By chance alone one in about 70 is beyond ±3. With fewer than 64 networks <em>single</em> varies
more than the published one does, and its z with it.</li>
</ul>
)";

/// The page's sections, and the links to them.
class Page {
 public:
  Page(const std::string& out, const ViewChoice& view, const Published& published)
      : view_(view), published_(published), drawing_(out + "/figures") {}

  void add_section(const std::string& id, const std::string& title, const std::string& html) {
    links_ += "<li><a href=\"#" + html_text(id) + "\">" + html_text(title) + "</a></li>\n";
    html_ += "<h2 id=\"" + html_text(id) + "\">" + html_text(title) + "</h2>\n" + html;
  }

  /// Composite figures and grids of the studies of one preset.
  void add_overview(const std::string& preset, const std::vector<const Study*>& studies) {
    add_section("all-" + preset, "All data sets · preset " + preset, "");
    for (const Figure figure : all_figures) {
      if (panel_keys(figure, studies).empty()) continue;
      add_part(heading(figure), "");
      if (of_gains(figure))
        if (const Chart chart = composite_chart(figure, studies, view_, published_); !chart.panels.empty())
          html_ += drawing_.figure(chart, preset + "-") + composite_table(figure, studies, view_, published_);
      html_ += drawing_.figure(grid_chart(figure, studies, view_, published_), preset + "-");
    }
  }

  /// A study that is alone on the page has sections where it otherwise has parts of one.
  void add_study(const Study& study, bool alone) {
    add_section(anchor(study), alone ? "What was run" : title_of(study), run_facts(study));
    const auto add = [&](const std::string& id, const std::string& title, const std::string& html) {
      if (alone)
        add_section(id, title, html);
      else
        add_part(title, html);
    };
    for (const Figure figure : all_figures)
      if (!panel_keys(figure, {&study}).empty())
        add("figure" + std::to_string(static_cast<int>(figure)), heading(figure),
            drawing_.figure(figure_chart(figure, study, view_, published_), alone ? "" : anchor(study) + "-") +
                figure_table(figure, study, view_, published_));
    if (const std::string html = comparison_tables(study, view_, published_); !html.empty())
      add("published", "Against the published numbers", html);
    if (const std::string html = networks_table(study, view_) + mixtures_table(study); !html.empty())
      add("behind", "Behind the figures", html);
    if (const std::string html = variants_table(study, view_); !html.empty())
      add("variants", "Variants", controls_of(study) + html);
  }

  std::string html(const std::string& title) const {
    return html_page(title, "Deep ensembles and mixtures of experts, of plain and of W-asymmetric networks", links_,
                     html_);
  }

  std::string said() const { return drawing_.said(); }

 private:
  void add_part(const std::string& title, const std::string& html) {
    html_ += "<h3>" + html_text(title) + "</h3>\n" + html;
  }

  const ViewChoice& view_;
  const Published& published_;
  Drawing drawing_;
  std::string links_, html_;
};

}  // namespace

std::string write_report(const std::string& out, const std::vector<std::string>& folders, const ViewChoice& view) {
  const std::vector<Study> studies = read_studies(folders);
  Page page(out, view, published_numbers());
  page.add_section("how-to-read", "How to read this page", how_to_read);
  for (const std::string& preset : preset_words) {
    std::vector<const Study*> some;
    for (const Study& study : studies)
      if (study.setting.preset == preset) some.push_back(&study);
    if (some.size() > 1) page.add_overview(preset, some);
  }
  make_directories(out);
  const bool alone = studies.size() == 1;
  for (const Study& study : studies) page.add_study(study, alone);
  write_file_atomically(out + "/report.html", page.html(alone ? title_of(studies[0]) : "Results on several data sets"));
  write_file_atomically(out + "/comparison.csv", comparison_csv(studies, view, published_numbers()));
  return "report: " + out + "/report.html, and its comparison.csv\n" + page.said();
}

}  // namespace wsym::asymmetry
