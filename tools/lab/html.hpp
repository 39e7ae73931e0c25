// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

namespace wsym::lab {

/// `text` with what HTML gives a meaning as entities.
std::string html_text(const std::string& text);

/// gnuplot's SVG for a place inside a page: its prolog gone, scaled to the page's width, `description` as its title,
/// and all ids begun with `prefix`, so that several can stand in one page. Throws FormatError for what is no SVG of
/// gnuplot.
std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& description);

/// A page that needs no other file: `links` are items of its list of sections, `body` their HTML.
std::string html_page(const std::string& title, const std::string& subtitle, const std::string& links,
                      const std::string& body);

/// A table, row by row; what is added is text, not HTML.
class HtmlTable {
 public:
  /// The first `words` columns hold words, the others numbers, which are aligned.
  HtmlTable(const std::vector<std::string>& head, std::size_t words);

  /// `kind` is a class of the row; `kinds`, if not empty, one for each cell. Numbers get a minus sign for a hyphen.
  void row(const std::vector<std::string>& cells, const std::string& kind = {},
           const std::vector<std::string>& kinds = {});
  /// A rule between the rows before and those after.
  void rule();

  bool empty() const { return empty_; }
  std::string html(const std::string& caption) const;

 private:
  std::size_t words_;
  std::string head_, body_;
  bool empty_ = true;
};

}  // namespace wsym::lab
