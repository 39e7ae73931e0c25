#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Computes the statistic of docs/results/shifts.md from results folders, and fills its table.

  scripts/shifts.py results/*-moe-code-paper results/churn_modelling-code-paper-seed*

A folder is what a program wrote with --out, or a packed journal, NAME.jsonl.gz; its journal is read. New repetitions alone are taken: 3 to 9 of mixtures
(seed 0), 0 to 9 of ensembles with the seeds 1, 2, 3. Of mixtures a size counts where all seven repetitions of all models
and gates are there.
"""
import csv
import gzip
import json
import math
import pathlib
import statistics
import sys

from results_pages import MODELS, NAMES, markdown, put

PUBLISHED = pathlib.Path(__file__).resolve().parent.parent / "papers" / "published.csv"
PUBLISHED_N = 10
GATES = ("softmax", "gumbel")
ENSEMBLES = (2, 4, 8, 16, 32, 64)
MIXTURES = (*ENSEMBLES, 128)
NEW = {"moe": [(0, repeat) for repeat in range(3, 10)],
       "ensemble": [(seed, repeat) for seed in (1, 2, 3) for repeat in range(10)]}


def published():
    """(mean, sd) by (data set, experiment, gate or width, model, size)."""
    with PUBLISHED.open() as file:
        return {(r["dataset"], r["experiment"], r["gate"] or r["hidden"], r["model"], int(r["size"])):
                (float(r["mean"]), float(r["sd"])) for r in csv.DictReader(file)}


def lines_of(folder):
    """The lines of a results folder's journal, or of a packed one, each with the seed of its run; a line that is still
    being written is left out."""
    folder = pathlib.Path(folder)
    for file in sorted((folder / "journal").glob("*.jsonl*")) if folder.is_dir() else [folder]:
        seed = None
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
            texts = lines.readlines()
        for text in texts:
            if text.strip() and text.endswith("\n"):
                line = json.loads(text)
                seed = line["identity"]["seed"] if line["kind"] == "run" else seed
                yield seed, line


def numbers(folders):
    """Our test metric by cell, as published(), and by (seed, repetition); only what is new, and the method itself."""
    found = {}

    def add(line, panel, size, run, score):
        value = score.get("rmse", score.get("accuracy"))
        if value is not None and run in NEW[line["experiment"]]:
            cell = (line["dataset"], line["experiment"], str(panel), line["model"], size)
            found.setdefault(cell, {})[run] = value
    for folder in folders:
        for seed, line in lines_of(folder):
            if line["kind"] == "run" or line["variant"] or line["preset"] != "code":
                continue
            run = (seed, line["repeat"])
            if line["kind"] == "member" and line["experiment"] == "moe":
                add(line, line["gate"], line["experts"], run, line["test"])
            for size in line["sizes"] if line["kind"] == "cell" and line["experiment"] == "ensemble" else ():
                first = next(v for v in size["views"] if (v["groups"], v["average"]) == ("first", "logits"))
                add(line, line["hidden"], size["size"], run, first)
    return found


def tests(ours):
    """(label, what, cells) of the ten tests; a mixture's size needs all repetitions of all models and gates."""
    for data in ("california_housing", "churn_modelling"):
        def whole(size):
            return all(len(ours.get((data, "moe", gate, model, size), ())) == len(NEW["moe"])
                       for gate in GATES for model in MODELS)
        sizes = [size for size in MIXTURES if whole(size)]
        for model in MODELS:
            yield f"A: {NAMES[data]}", model, [(data, "moe", gate, model, size) for gate in GATES for size in sizes]
    for width in ("64", "128"):
        yield "B: Churn", f"mlp, d = {width}", [("churn_modelling", "ensemble", width, "mlp", k) for k in ENSEMBLES]


def beta_share(a, b, x):
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz)."""
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    if x <= 0:
        return 0.0
    c, fraction = 1.0, (d := 1 / (1 - (a + b) * x / (a + 1)))
    for m in range(1, 500):
        for term in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1 / ((1 + term * d) or 1e-300)
            c = (1 + term / c) or 1e-300
            fraction *= c * d
    log_front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(log_front) * fraction / a


def two_sided(t, df):
    return beta_share(df / 2, 0.5, df / (df + t * t))


def quantile(df, p=0.05):
    """t with two_sided(t, df) = p."""
    low, high = 0.0, 1e3
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if two_sided(middle, df) > p else (low, middle)
    return low


def rms(values):
    return math.sqrt(statistics.fmean(v * v for v in values))


def welch(cells, ours, theirs):
    """Mean, interval, t, p and the t of independent published cells, of the mean over cells in each repetition."""
    runs = sorted(set.intersection(*(set(ours[cell]) for cell in cells)))
    means = [statistics.fmean(ours[cell][run] - theirs[cell][0] for cell in cells) for run in runs]
    n, m, s = len(runs), statistics.fmean(means), statistics.stdev(means)
    q = rms([statistics.stdev(ours[cell][run] for run in runs) for cell in cells])
    p = rms([theirs[cell][1] for cell in cells])
    a, b = s * s / n, (s / q * p) ** 2 / PUBLISHED_N
    df = (a + b) ** 2 / (a * a / (n - 1) + b * b / (PUBLISHED_N - 1))
    t, half = m / math.sqrt(a + b), quantile(df) * math.sqrt(a + b)
    return {"n": n, "mean": m, "low": m - half, "high": m + half, "t": t, "df": df, "p": two_sided(t, df),
            "apart": m / math.sqrt(a + p * p / (PUBLISHED_N * len(cells)))}


def main(folders):
    theirs, ours = published(), numbers(folders)
    list_of = [(label, what, cells, welch(cells, ours, theirs) if cells and all(len(ours.get(c, ())) > 2 for c in cells)
                else None) for label, what, cells in tests(ours)]
    order = sorted((i for i, row in enumerate(list_of) if row[3]), key=lambda i: list_of[i][3]["p"])
    highest, rows = 0.0, []
    for rank, i in enumerate(order):  # Holm: a test without its runs counts as the largest p
        highest = list_of[i][3]["holm"] = min(1.0, max(highest, (len(list_of) - rank) * list_of[i][3]["p"]))
    for label, what, cells, r in list_of:
        rows.append([label, what, len(cells), ", ".join(map(str, sorted({c[4] for c in cells})))] + (
            [r["n"], f"{r['mean']:+.5f}", f"[{r['low']:+.5f}, {r['high']:+.5f}]", f"{r['t']:+.2f}", f"{r['df']:.1f}",
             f"{r['p']:.2g}", f"{r['holm']:.2g}", f"{r['apart']:+.2f}"] if r else ["not run"] + [""] * 7))
    table = markdown(["shift", "", "cells", "sizes", "n", "ours - published", "95 %", "t", "df", "p", "Holm",
                      "t, published cells independent"], rows)
    print(table)
    put("shifts.md", {"shifts": table})


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
