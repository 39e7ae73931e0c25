// SPDX-License-Identifier: MIT
#include "lab/html.hpp"

#include <doctest/doctest.h>

#include "wsym/core/error.hpp"

using namespace wsym;
using namespace wsym::lab;

TEST_CASE("html: text stays text") {
  CHECK(html_text("a < b & \"c\" > d ± é") == "a &#60; b &#38; &#34;c&#34; &#62; d ± é");
}

TEST_CASE("html: an inlined drawing has its own title, no prolog, and ids of its own with all references to them") {
  const std::string svg =
      "<?xml version=\"1.0\"?>\n<svg\n width=\"640\" height=\"480\"\n viewBox=\"0 0 640 "
      "480\">\n<title>Gnuplot</title>\n"
      "<g id=\"gnuplot_canvas\"><path id='gpPt0'/><use xlink:href='#gpPt0'/><g "
      "clip-path=\"url(#clip)\"/></g>\n</svg>\n";
  CHECK(
      inline_svg(svg, "f-", "a <chart>") ==
      "<svg role=\"img\" viewBox=\"0 0 640 480\" style=\"min-width:384px;max-width:640px\"><title>a "
      "&#60;chart&#62;</title>\n"
      "<g id=\"f-gnuplot_canvas\"><path id='f-gpPt0'/><use xlink:href='#f-gpPt0'/><g clip-path=\"url(#f-clip)\"/></g>\n"
      "</svg>\n");
}

TEST_CASE("html: what is no drawing by gnuplot is refused") {
  CHECK_THROWS_WITH_AS(inline_svg("<p>", "f-", ""), "svg: no viewBox=\"; a drawing by gnuplot is needed", FormatError);
  CHECK_THROWS_AS(inline_svg("<svg width=\"1\" viewBox=\"0 0 1 1\"></svg>", "f-", ""), FormatError);
}

TEST_CASE("html: a table has its words left, a caption, bodies between rules, and classes where asked for") {
  HtmlTable table({"model", "rmse"}, 1);
  CHECK(table.empty());
  table.row({"a<b", "0.5"});
  table.rule();
  table.row({"-", "-0.6"}, "published", {"", "high"});
  CHECK_FALSE(table.empty());
  CHECK(table.html("d & e") ==
        "<div class=\"table\"><table>\n<caption>d &#38; e</caption>\n"
        "<thead><tr><th scope=\"col\" class=\"word\">model</th><th scope=\"col\">rmse</th></tr></thead>\n<tbody>\n"
        "<tr><td class=\"word\">a&#60;b</td><td>0.5</td></tr>\n</tbody>\n<tbody>\n"
        "<tr class=\"published\"><td class=\"word\">-</td><td class=\"high\">−0.6</td></tr>\n"
        "</tbody>\n</table></div>\n");
}
