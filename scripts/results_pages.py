#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the tables of docs/results, and the CSV files beside them, from results folders.

  scripts/results_pages.py results/*

A folder is what a program wrote with --out; see docs/results/README.md for how to get one from a journal. The pages
keep their text: a table stands between the lines <!-- table NAME --> and <!-- end --> and is replaced if the folders
hold its numbers.
"""
import csv
import math
import pathlib
import re
import sys

PAGES = pathlib.Path(__file__).resolve().parent.parent / "docs" / "results"
NAMES = {"california_housing": "California", "churn_modelling": "Churn", "adult_income": "Adult", "otto": "Otto",
         "mnist": "MNIST", "digits": "digits"}
MODELS = ("mlp", "wmlp", "imlp", "iwmlp")
PAIRS = {"wmlp - mlp": ("mlp", "wmlp"), "iwmlp - imlp": ("imlp", "iwmlp")}


def rows_of(folders, name):
    """The rows of one CSV file of all folders, data sets in the order of NAMES; of controls nothing but controls.csv."""
    files = [pathlib.Path(folder) / name for folder in folders
             if name == "controls.csv" or not (pathlib.Path(folder) / "controls.csv").exists()]
    rows = [row for file in files if file.exists() for row in csv.DictReader(file.open())]
    return sorted(rows, key=lambda row: list(NAMES).index(row["dataset"]))


def number(text):
    return float(text) if text else math.nan


def markdown(head, rows):
    lines = ["| " + " | ".join(map(str, head)) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def spread(row, decimals, mean="mean", sd="sd"):
    return f"{number(row[mean]):.{decimals}f} ± {number(row[sd]):.{decimals}f}" if row and row[mean] else ""


def decimals_of(row):
    return 5 if row["metric"] == "rmse" else 4


def write_csv(name, head, rows):
    with (PAGES / name).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


class Sizes:
    """summary.csv by (data set, panel, model, size) of one experiment and preset, each row with the published numbers
    of comparison.csv. A panel is a width or a gate."""

    COLUMNS = ("published_mean", "published_sd", "difference", "z")

    def __init__(self, folders, experiment, preset):
        self.panel = "gate" if experiment == "moe" else "hidden"
        published = {(r["dataset"], r["panel"], r["series"], r["size"], r["metric"]): r
                     for r in rows_of(folders, "comparison.csv") if (r["experiment"], r["preset"]) == (experiment, preset)}
        self.rows = {}
        for row in rows_of(folders, "summary.csv"):
            if (row["experiment"], row["preset"]) != (experiment, preset):
                continue
            key = (row["dataset"], row[self.panel], row["model"], int(row["size"]))
            value, gain = (published.get((*key[:3], row["size"], m)) for m in (row["metric"], "improvement_pct"))
            row.update({c: value[c] if value else "" for c in self.COLUMNS})
            row["published_gain"] = gain["published_mean"] if gain else ""
            self.rows[key] = row

    def panels(self):
        order = list(NAMES)
        return sorted({key[:2] for key in self.rows}, key=lambda p: (order.index(p[0]), p[1] == "gumbel", p[1].zfill(4)))

    def sizes(self, panel):
        return sorted({key[3] for key in self.rows if key[:2] == panel})

    def agreement(self):
        z = [(abs(number(r["z"])), *k) for k, r in self.rows.items() if r["z"]]
        rms = math.sqrt(sum(one[0] ** 2 for one in z) / len(z)) if z else math.nan
        return f"{len(z)} cells with a published value: rms of z {rms:.2f}; beyond 3: {[o for o in z if o[0] > 3]}"

    def write(self, name):
        head = ["dataset", "preset", self.panel, "model", "size", "metric", "repeats", "mean", "sd", "improvement_pct",
                *self.COLUMNS]
        write_csv(name, head, [[short(row[c]) for c in head] for row in self.rows.values()])


def short(text):
    """A number to seven digits; what is none as it is."""
    return f"{float(text):.7g}" if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", text) else text


def signed(text, decimals):
    return f"{number(text):+.{decimals}f}" if text else ""


def ensembles(sizes):
    has_z = any(row["z"] for row in sizes.rows.values())  # preset text is another method than the published one
    head = ["data", "d", "model", "size", "n", "ours", "published", "difference"] + ["z"] * has_z
    rows = []
    for panel in sizes.panels():
        for model in MODELS[:2]:
            for size in (1, 64):
                if row := sizes.rows.get((*panel, model, size)):
                    d = decimals_of(row)
                    rows.append([NAMES[panel[0]], panel[1], model, "single" if size == 1 else size, row["repeats"],
                                 spread(row, d), spread(row, d, "published_mean", "published_sd"),
                                 signed(row["difference"], d)] + [signed(row["z"], 2)] * has_z)
    return markdown(head, rows)


def ensemble_signs(sizes):
    head = ["data", "d", "n", "MLP gain %", "WMLP gain %", "sign", "published MLP", "published WMLP", "sign"]
    rows = []
    for panel in sizes.panels():
        pair = [sizes.rows.get((*panel, model, 64)) for model in MODELS[:2]]
        if None in pair:
            continue
        row = [NAMES[panel[0]], panel[1], pair[0]["repeats"]]
        for column in ("improvement_pct", "published_gain"):
            gains = [number(one[column]) for one in pair]
            row += [f"{g:.2f}" for g in gains] + ["+" if gains[1] > gains[0] else "-"] if gains[0] == gains[0] else [""] * 3
        rows.append(row)
    return markdown(head, rows)


def mixtures(sizes):
    text = ""
    for panel in sizes.panels():
        known = any(row["z"] for key, row in sizes.rows.items() if key[:2] == panel)
        head = ["experts"]
        for model in MODELS:
            head += [model, "published", "difference (z)"] if known else [model]
        rows = []
        for size in sizes.sizes(panel):
            line = [size]
            for model in MODELS:
                row = sizes.rows.get((*panel, model, size))
                d = decimals_of(row) if row else 0
                line.append(spread(row, d))
                if known:
                    line.append(spread(row, d, "published_mean", "published_sd"))
                    line.append(f"{signed(row['difference'], d)} ({signed(row['z'], 2)})" if row and row["z"] else "")
            rows.append(line)
        text += f"### {NAMES[panel[0]]}, {panel[1]} gate\n\n{markdown(head, rows)}\n"
    return text


def by_size(sizes, lines, cell):
    """A line for each panel and entry of lines, label -> models; cell(sizes, panel, models, size) -> text."""
    wide = [4, 8, 16, 32, 64]
    rows = []
    for panel in sizes.panels():
        for label, models in lines.items():
            rows.append([NAMES[panel[0]], panel[1], label] + [cell(sizes, panel, models, size) for size in wide])
    return markdown(["data", "gate", "model"] + wide, rows)


def gain_cell(sizes, panel, model, size):
    row = sizes.rows.get((*panel, model, size))
    if not row:
        return ""
    return signed(row["improvement_pct"], 2) + (f" / {signed(row['published_gain'], 2)}" if row["published_gain"] else "")


def gap_cell(sizes, panel, pair, size):
    rows = [sizes.rows.get((*panel, model, size)) for model in pair]
    if None in rows:
        return ""
    gaps = [number(rows[1][c]) - number(rows[0][c]) for c in ("improvement_pct", "published_gain")]
    return f"{gaps[0]:+.2f}" + (f" / {gaps[1]:+.2f}" if gaps[1] == gaps[1] else "")


def composite(sizes):
    """The mean over data sets of gains, ours / published, by panel and model at the sizes that all data sets have."""
    gains = {}
    for (data, panel, model, size), row in sizes.rows.items():
        gains.setdefault((panel, model), {}).setdefault(size, {})[data] = (number(row["improvement_pct"]),
                                                                         number(row["published_gain"]))
    smallest = 2 if sizes.panel == "gate" else 1
    wide = [size for size in sorted(next(iter(gains.values()))) if size > smallest
            and all(by_size.get(size, {}).keys() == by_size[smallest].keys() for by_size in gains.values())]
    rows = []
    for (panel, model), by_size in sorted(gains.items(), key=lambda g: (g[0][0] == "gumbel", g[0][0].zfill(4),
                                                                        MODELS.index(g[0][1]))):
        means = [[sum(column) / len(column) for column in zip(*by_size[size].values())] for size in wide]
        rows.append([panel, model, len(by_size[smallest])] +
                    [f"{ours:+.2f}" + (f" / {theirs:+.2f}" if theirs == theirs else "") for ours, theirs in means])
    return markdown([sizes.panel.replace("hidden", "d"), "model", "data sets"] + wide, rows)


def averaged_weights(folders):
    """Test metrics of single networks and of the network of mean weights: metrics.csv by (data set, preset, variant,
    size, averaged). Of a method that was run both by itself and as a control's reference, the run by itself."""
    rows = {}
    for folder in sorted(map(pathlib.Path, folders), key=lambda f: (f / "controls.csv").exists()):
        for row in csv.DictReader((folder / "metrics.csv").open()) if (folder / "metrics.csv").exists() else ():
            name = row["metric"].removeprefix("averaged_weights_")
            key = (row["dataset"], row["preset"], row["variant"], int(row["size"]), name != row["metric"])
            if row["split"] == "test" and name in ("rmse", "accuracy") and "gate=" not in row["variant"]:
                rows.setdefault(key, row)
    return rows


def interpolations(rows):
    """A line for each data set, preset, width and model of the method itself."""
    wide = (2, 4, 8, 16, 32, 64)
    keys = [key[:3] for key in rows if key[3] == 1 and key[2].count(";") == 1]
    lines = []
    for data, preset, variant in sorted(keys, key=lambda k: (list(NAMES).index(k[0]), k[1])):
        model, width = (part.split("=")[1] for part in variant.split(";"))
        single = rows[(data, preset, variant, 1, False)]
        masks = "" if model == "mlp" else "one for all" if preset == "text" else "each its own"
        lines.append([NAMES[data], preset, width, model, masks, single["n"], spread(single, 3)] +
                     [spread(rows.get((data, preset, variant, size, True)), 3) for size in wide])
    return markdown(["data", "preset", "d", "model", "masks", "n", "single"] + [f"mean of {k}" for k in wide], lines)


def interpolations_by_mask(rows):
    """The controls that change who shares a mask, beside networks without one."""
    wide = (2, 4, 8, 16, 32)
    shown = {"model=mlp;hidden=64": "none: mlp", "model=wmlp;hidden=64": "each network its own",
             "model=wmlp;hidden=64;mask_scope=repetition": "one in each repetition",
             "model=wmlp;hidden=64;mask_scope=shared": "one in all repetitions"}
    lines = [[NAMES[data], text, rows[(data, "code", variant, 2, True)]["n"]] +
             [spread(rows[(data, "code", variant, size, True)], 3) for size in wide]
             for data in NAMES for variant, text in shown.items()
             if (data, "code", "model=wmlp;hidden=64;mask_scope=shared", 2, True) in rows]
    return markdown(["data", "mask", "n"] + [f"mean of {k}" for k in wide], lines)


def interval(row, decimals):
    if not row or not row["difference"]:
        return ""
    mean, low, high = (number(row[c]) for c in ("difference", "low", "high"))
    bold = "**" if low > 0 or high < 0 else ""
    return f"{bold}{mean:+.{decimals}f}{bold} [{low:+.{decimals}f}, {high:+.{decimals}f}]"


def distinct(rows, *columns):
    return list(dict.fromkeys(tuple(row[c] for c in columns) for row in rows))


def controls(rows):
    text = ""
    for dataset in dict.fromkeys(row["dataset"] for row in rows):
        mine = [row for row in rows if row["dataset"] == dataset]
        of = [row for row in mine if not row["gate"] and "disjoint" not in row["variant"]]
        metric = mine[0]["metric"]
        text += f"### {NAMES[dataset]}: ensembles of 32, {metric}\n\n{control_table(of, metric)}\n"
        apart = [row for row in mine if "disjoint" in row["variant"] and row["metric"] == "improvement_pct"]
        text += f"### {NAMES[dataset]}: all disjoint groups of k networks against the first k\n\n" + markdown(
            ["model", "k", "gain %", "against the first k"],
            [[r["model"], r["size"], spread(r, 2), interval(r, 2)] for r in apart]) + "\n"
        mixed = [row for row in mine if row["gate"]]
        lines = []
        for variant, model, gate in distinct(mixed, "variant", "model", "gate"):
            rows_here = [r for r in mixed if (r["variant"], r["model"], r["gate"]) == (variant, model, gate)]
            own = next((r for r in rows_here if r["reference"] == model), {"difference": "", "p_value": ""})
            lines.append([variant or "as it is", model, gate, spread(rows_here[0], 4), interval(own, 4), own["p_value"][:6]])
        text += f"### {NAMES[dataset]}: mixtures of 8 experts, {metric}\n\n" + markdown(
            ["control", "model", "gate", metric, "against the same without", "p"], lines) + "\n"
    return text


def control_table(rows, metric):
    lines = []
    for variant, model in distinct(rows, "variant", "model"):
        mine = [row for row in rows if (row["variant"], row["model"]) == (variant, model)]

        def find(size, what, reference=None):
            return next((r for r in mine if (int(r["size"]) > 1) == (size > 1) and r["metric"] == what
                         and reference in (None, r["reference"])), None)
        lines.append([variant or "as it is", model, spread(find(1, metric), 4), spread(find(2, metric), 4),
                      spread(find(2, "improvement_pct"), 2), interval(find(1, metric, "mlp"), 4),
                      interval(find(2, metric, "mlp"), 4), interval(find(2, "improvement_pct", "mlp"), 2),
                      interval(find(2, "improvement_pct", "wmlp"), 2)])
    return markdown(["control", "model", "single", "ensemble", "gain %", "single against mlp", "ensemble against mlp",
                     "gain against mlp", "gain against wmlp"], lines)


def put(page, tables):
    path = PAGES / page
    text = path.read_text()
    for name, table in tables.items():
        text, count = re.subn(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", lambda m: m[1] + "\n" + table.strip() + "\n\n" + m[2],
                              text, flags=re.S)
        if count != 1:
            sys.exit(f"{path}: {count} places <!-- table {name} --> came, one is needed")
    path.write_text(text)


def main(folders):
    for preset, page in (("code", "deep_ensembles"), ("text", "deep_ensembles_text")):
        sizes = Sizes(folders, "ensemble", preset)
        if sizes.rows:
            sizes.write(f"{page}.csv")
            put(f"{page}.md", {"ensembles": ensembles(sizes), "signs": ensemble_signs(sizes)})
            if preset == "code":
                put(f"{page}.md", {"composite": composite(sizes)})
                print(page, sizes.agreement())
    sizes = Sizes(folders, "moe", "code")
    if sizes.rows:
        sizes.write("mixtures.csv")
        put("mixtures.md", {"mixtures": mixtures(sizes), "gains": by_size(sizes, {m: m for m in MODELS}, gain_cell),
                             "signs": by_size(sizes, PAIRS, gap_cell), "composite": composite(sizes)})
        print("mixtures", sizes.agreement())
    if rows := averaged_weights(folders):
        put("interpolation.md", {"averaged": interpolations(rows), "masks": interpolations_by_mask(rows)})
    if rows := rows_of(folders, "controls.csv"):
        write_csv("causes.csv", list(rows[0]), [[short(value) for value in row.values()] for row in rows])
        put("causes.md", {"controls": controls(rows)})


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
