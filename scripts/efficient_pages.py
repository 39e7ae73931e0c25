#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/results/efficient.md, the verdicts on the paper's claims, and a page of tables for each results folder.

  scripts/efficient_pages.py results/*-efficient-*-paper

A folder is what a program wrote with --experiment efficient --out. Numbers are means over the repetitions, in tables
with the standard error, in verdicts with the 95 % interval. Pages keep what stands above the line <!-- tables -->.
"""
import collections
import csv
import pathlib
import sys

PAGES = pathlib.Path(__file__).resolve().parent.parent / "docs" / "results"
TITLES = {
    "table2": "Table 2: partitioning and tiling, apart and together", "table3": "Table 3: overlap of experts, K = 2",
    "table18": "Table 18: overlap of experts, K = 1", "table4": "Table 4: e3, multi-pred and moe over K",
    "table5": "Tables 5 and 12: efficient ensembles", "table9": "Tables 9, 35, 36: few-shot error on held-out classes",
    "table13": "Table 13: experts permuted before they are divided", "table14": "Table 14: ensembles and their members",
    "table15": "Table 15: up- and down-ensembles", "table17": "Table 17: as many experts in all",
    "table19": "Table 19: e3 from upstream networks of several K",
    "table31": "Tables 31 to 34: held-out classes told apart",
    "fig2": "Figure 2: K experts a row, M networks", "fig3": "Figures 3 to 8, 22, 23: metrics against FLOPs",
    "fig9": "Figure 9: over dense networks", "table10": "Table 10: gains over the dense network of the same width",
    "fig10": "Figure 10: the weight of the balance losses",
    "fig11": "Figure 11: noise on experts that begin as one", "fig12": "Figure 12: over K, M and E",
    "ood": "Tables 31 to 34: another data set told apart", "systems": "Other systems"}
NAMES = {"digits": "digits", "otto": "Otto", "adult_income": "Adult", "mnist": "MNIST", "churn_modelling": "Churn"}
CLAIMS = ("Static ensembles help a sparse mixture as much as a dense network",
          "Grow K before M; the best has both large", "e3 beats a sparse mixture of twice the K",
          "e3 reaches a deep ensemble of two with 30 to 45 % fewer FLOPs",
          "Partitioning alone and tiling alone do not help", "With more overlap NLL rises and KL falls",
          "Multi-pred gets worse with K and has no diversity", "Batch ensembles, dropout and MIMO gain less than e3",
          "e3 is as diverse as networks of their own", "Fewer experts in more members are better",
          "Neither lambda nor which experts form a member matters",
          "e3 is better calibrated than a sparse mixture, and than a dense network", "Joint and disjoint few-shot agree")
PERCENT = ("error", "few_shot", "member_error")


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def value(metric, mean, se):
    if not mean:
        return ""
    scale, decimals = (100, 2) if metric.startswith(PERCENT) else (1e-6, 3) if "flops" in metric else (1, 4)
    text = f"{scale * float(mean):.{decimals}f}"
    return text if not se or float(se) == 0 else f"{text} ± {scale * float(se):.{decimals}f}"


def heading(metric):
    return metric.replace("_", " ") + (" %" if metric.startswith(PERCENT) else ", M a row" if "flops" in metric else "")


def gains(rows):
    percent = [f"{float(row[key]):+.2f}" if row[key] else "" for row in rows for key in ("gain", "normalised")]
    losses = [[value("nll", row[key], "") for key in ("nll", "dense_nll")] for row in rows]
    return markdown(["", "nll", "nll of the dense one", "gain %", "normalised gain %"],
                    [[row["row"]] + losses[i] + percent[2 * i:2 * i + 2] for i, row in enumerate(rows)])


def table(path):
    rows = list(csv.DictReader(path.open()))
    if "normalised" in rows[0]:
        return gains(rows)
    metrics = [c for c in rows[0] if c not in ("row", "system", "n") and not c.endswith("_se")
               and any(row[c] for row in rows)]
    lines = [[row["row"], row["n"]] + [value(m, row[m], row.get(m + "_se")) for m in metrics]
             for row in rows if row["n"] != "0"]
    return markdown(["", "n"] + [heading(m) for m in metrics], lines)


def number(text):
    return f"{float(text):.3g}" if text else ""


def finding(row):
    """One data set's cell of the table of claims."""
    if row is None:
        return ""
    bound = f"; bound {number(row['bound'])}" if float(row["bound"]) else ""
    return f"**{row['verdict']}** {number(row['mean'])} [{number(row['lower'])}, {number(row['upper'])}]{bound}"


def claims(folders):
    """The claims of all data sets side by side; those that a run had no systems for are left out of its column."""
    found = {name(folder): {(r["claim"], r["says"], r["measured"]): r
                            for r in csv.DictReader((folder / "claims.csv").open())} for folder in folders}
    keys = sorted(dict.fromkeys(key for rows in found.values() for key in rows), key=lambda key: int(key[0]))
    return markdown(["claim", "", "measured"] + [NAMES[data] for data in found],
                    [list(key) + [finding(rows.get(key)) for rows in found.values()] for key in keys])


def verdict(found):
    """Of all that was measured for a claim: it does not hold if a part does not, and holds if all parts do."""
    if not found:
        return "not measured"
    word = "does not" if found["does not"] else "undecided" if found["undecided"] else "holds"
    parts = ", ".join(f"{n} {one}" for one, n in sorted(found.items()))
    return f"**{word}**" + (f" ({parts})" if len(found) > 1 else "")


def verdicts(folders):
    """A line for each claim: its verdict on each data set, and how its parts came out."""
    counts = {name(folder): collections.defaultdict(collections.Counter) for folder in folders}
    for folder in folders:
        for row in csv.DictReader((folder / "claims.csv").open()):
            counts[name(folder)][int(row["claim"])][row["verdict"]] += 1
    return markdown(["claim", ""] + [NAMES[data] for data in counts],
                    [[str(i), CLAIMS[i - 1]] + [verdict(of[i]) for of in counts.values()]
                     for i in range(1, len(CLAIMS) + 1)])


def name(folder):
    return folder.name.split("-")[0]


def put(page, head, body):
    """Replaces what stands under the line <!-- tables -->."""
    text = page.read_text() if page.exists() else f"# {head}\n\n<!-- tables -->\n"
    page.write_text(text[:text.index("<!-- tables -->")] + "<!-- tables -->\n\n" + body)
    print(page)


def tables(folder):
    found = [(title, folder / "tables" / f"{study}.csv") for study, title in TITLES.items()]
    return "\n".join(f"## {title}\n\n{table(path)}" for title, path in found if path.exists())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if len({name(pathlib.Path(folder)) for folder in sys.argv[1:]}) < len(sys.argv) - 1:
        sys.exit("two folders of one data set came; a page shows one")
    runs = sorted(map(pathlib.Path, sys.argv[1:]), key=lambda folder: list(NAMES).index(name(folder)))
    for run in runs:
        put(PAGES / f"efficient_{name(run)}.md", f"Efficient ensembles on {NAMES[name(run)]}", tables(run))
    put(PAGES / "efficient.md", "Sparse experts and efficient ensembles",
        f"{verdicts(runs)}\n## What was measured\n\n{claims(runs)}")
