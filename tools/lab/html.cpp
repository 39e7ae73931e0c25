// SPDX-License-Identifier: MIT
#include "lab/html.hpp"

#include "lab/page_style.hpp"
#include "wsym/core/error.hpp"

namespace wsym::lab {
namespace {

std::string attribute(const std::string& name, const std::string& value) {
  return value.empty() ? "" : " " + name + "=\"" + html_text(value) + "\"";
}

/// Puts `prefix` behind every occurrence of `mark`.
void insert_behind(std::string& text, const std::string& mark, const std::string& prefix) {
  for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + mark.size()))
    text.insert(at + mark.size(), prefix);
}

/// The text between two marks.
std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from), begin = at + from.size();
  const std::size_t end = at == text.npos ? text.npos : text.find(to, begin);
  expect<FormatError>(end != text.npos, "svg: no ", from, "; a drawing by gnuplot is needed");
  return text.substr(begin, end - begin);
}

}  // namespace

std::string html_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool special = c == '&' || c == '<' || c == '>' || c == '"' || c == '\'';
    result += special ? "&#" + std::to_string(c) + ";" : std::string(1, c);
  }
  return result;
}

std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& description) {
  const std::string box = between(svg, "viewBox=\"", "\""), width = between(svg, " width=\"", "\"");
  const std::string least = std::to_string(std::stol(width) * 3 / 5);  // below, its text is hard to read
  const std::size_t canvas = svg.find("<g id=\"gnuplot_canvas\"");
  expect<FormatError>(canvas != svg.npos, "svg: no canvas; a drawing by gnuplot is needed");
  std::string drawing = svg.substr(canvas);
  for (const char* const mark : {" id=\"", " id='", "href='#", "href=\"#", "url(#"})
    insert_behind(drawing, mark, prefix);
  return "<svg role=\"img\" viewBox=\"" + box + "\" style=\"min-width:" + least + "px;max-width:" + width +
         "px\"><title>" + html_text(description) + "</title>\n" + drawing;
}

std::string html_page(const std::string& title, const std::string& subtitle, const std::string& links,
                      const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
         "content=\"width=device-width, initial-scale=1\">\n<title>" +
         html_text(title) + "</title>\n<style>" + report_style + "</style>\n</head>\n<body>\n<header>\n<h1>" +
         html_text(title) + "</h1>\n<p>" + html_text(subtitle) + "</p>\n<nav><ul>\n" + links +
         "</ul></nav>\n</header>\n<main>\n" + body + "</main>\n</body>\n</html>\n";
}

HtmlTable::HtmlTable(const std::vector<std::string>& head, std::size_t words) : words_(words) {
  for (std::size_t i = 0; i < head.size(); ++i)
    head_ +=
        std::string("<th scope=\"col\"") + (i < words ? " class=\"word\"" : "") + ">" + html_text(head[i]) + "</th>";
}

void HtmlTable::row(const std::vector<std::string>& cells, const std::string& kind,
                    const std::vector<std::string>& kinds) {
  body_ += "<tr" + attribute("class", kind) + ">";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string own = kinds.empty() ? "" : kinds[i];
    const std::string look = i < words_ ? (own.empty() ? "word" : "word " + own) : own;
    const bool negative = i >= words_ && cells[i].size() > 1 && cells[i][0] == '-';
    body_ +=
        "<td" + attribute("class", look) + ">" + html_text(negative ? "−" + cells[i].substr(1) : cells[i]) + "</td>";
  }
  body_ += "</tr>\n";
  empty_ = false;
}

void HtmlTable::rule() {
  body_ += "</tbody>\n<tbody>\n";
}

std::string HtmlTable::html(const std::string& caption) const {
  return "<div class=\"table\"><table>\n<caption>" + html_text(caption) + "</caption>\n<thead><tr>" + head_ +
         "</tr></thead>\n<tbody>\n" + body_ + "</tbody>\n</table></div>\n";
}

}  // namespace wsym::lab
