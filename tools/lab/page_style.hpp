// SPDX-License-Identifier: MIT
#pragma once

namespace wsym::lab {

/// The style sheet of report.html: text and tables follow the reader's light or dark mode, figures keep a light ground.
inline constexpr const char* report_style = R"(
:root { color-scheme: light dark; --ground: #f7f7f5; --ink: #1c1e22; --soft: #5c626b; --rule: #dfe0dc;
  --link: #0b5fa5; --high: #8a5a00; --beyond: #b3261e; --beyond-ground: #fbe9e7; --high-ground: #fdf3dd; }
@media (prefers-color-scheme: dark) { :root { --ground: #15171b; --ink: #e8e8e5; --soft: #a3a9b2;
  --rule: #343941; --link: #7db8f0; --high: #f0c36a; --beyond: #ff9a90; --beyond-ground: #4a2320;
  --high-ground: #3d3319; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 84rem; padding: 2.5rem clamp(1rem, 4vw, 3rem) 5rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { margin: 0; font-size: 2rem; line-height: 1.2; letter-spacing: -.015em; }
h2 { margin: 4rem 0 1rem; padding-top: 1.25rem; border-top: 2px solid var(--rule); font-size: 1.5rem;
  line-height: 1.25; }
h3 { margin: 2.75rem 0 .75rem; font-size: 1.125rem; }
p, ul, dl { max-width: 48rem; }
p, ul { margin: .75rem 0; }
ul { padding-left: 1.25rem; }
a { color: var(--link); }
header p, caption, dt { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; max-width: none; padding: 0; list-style: none; }
figure { margin: .75rem 0 1.25rem; padding: 1rem; border: 1px solid var(--rule); border-radius: .75rem;
  background: #fff; overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; margin: 0 auto; }
.table { margin: 0 0 1.5rem; overflow-x: auto; }
table { border-collapse: collapse; font-size: .8125rem; line-height: 1.4; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
caption { padding: .25rem 0 .5rem; text-align: left; }
th, td { padding: .3rem .6rem; text-align: right; }
th { border-bottom: 1px solid var(--soft); font-weight: 600; vertical-align: bottom; }
.word { text-align: left; }
th:first-child, td:first-child { padding-left: 0; }
tbody + tbody { border-top: 1px solid var(--rule); }
tbody tr:first-child td { padding-top: .5rem; }
tbody tr:last-child td { padding-bottom: .5rem; }
.published td { padding-top: 0; color: var(--soft); }
td.high { background: var(--high-ground); color: var(--high); }
td.beyond { background: var(--beyond-ground); color: var(--beyond); font-weight: 700; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; max-width: 64rem; font-size: .9375rem; }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
details { margin: .75rem 0 1.5rem; }
summary { cursor: pointer; color: var(--link); }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { body { max-width: none; background: #fff; color: #000; } figure { break-inside: avoid; } }
)";

}  // namespace wsym::lab
