# SPDX-License-Identifier: MIT
"""Runs wsym and its peers in turn, in one run, on the same weights and batches, and prints ratios of times.

Each contestant is a program that answers one line for one line:
  list                                          -> "step:stock step:flat ..." (kind:variant)
  losses KIND VARIANT CASE FOLDER COUNT         -> COUNT losses, from the initial weights
         of a sparse layer: the difference of output and gradients from wsym's
  time   KIND VARIANT CASE FOLDER SECONDS       -> microseconds of processor time a (member-)step or a prediction
and wsym also: peak -> FLOP/s of the FMA probe; work ... -> FLOPs of a step; save CASE FOLDER.
A round asks every contestant once for every kind and case; a ratio is the median over rounds of the ratios within one
round. A library's best is the variant with the lowest median time.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys

CASES = [f"{data}_{hidden}" for data in ("california", "otto", "mnist") for hidden in (64, 128, 256)]
ONLY_CASE = {"predict_1": "otto_128", "predict_4096": "otto_128", "moe": "otto_64", "moie": "otto_64"}
MIXTURES = {"moe": 2.0, "moie": 1.3}  # kind -> goal: time of a peer's best step over wsym's
SPARSE = {f"D{size}_K{k}": goal for size, goal in (("256_F1024_E32", 1.3), ("64_F128_E16", 2.5)) for k in (1, 2)}
GOALS = {  # kind and peer group -> the goal for a case
    "step over PyTorch's best": lambda data, d: {64: 2.1 if data == "mnist" else 3.3, 128: 2.0, 256: 1.5}[d],
    "step over stock PyTorch": lambda data, d: {64: 2.2 if data == "mnist" else 4.5, 128: 2.3, 256: 1.9}[d],
    "member-step over bmm": lambda data, d: {64: 2.4, 128: 2.0, 256: 1.4}[d],
}
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),  # no page faults for large temporaries
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 26),
}


class Contestant:
    def __init__(self, name, command, core, kinds):
        pin = ["taskset", "-c", str(core)]
        self.name = name
        self.process = subprocess.Popen(pin + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL, env=os.environ | ENVIRONMENT)
        self.variants = [v for v in self.ask("list").split() if not kinds or v.split(":")[0] in kinds]
        self.dropped = set()  # (case, kind, variant)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("error"):
            raise RuntimeError(f"{self.name}: {' '.join(map(str, words))}: {answer or 'no answer'}")
        return answer

    def kinds(self, case):
        kinds = [v.split(":") for v in self.variants]
        return [(kind, variant) for kind, variant in kinds
                if (kind == "sparse") == (case in SPARSE) and ONLY_CASE.get(kind, case) == case
                and (case, kind, variant) not in self.dropped]


def start(commands, core, kinds):
    contestants = []
    for name, command in commands:
        try:
            contestants.append(Contestant(name, command.split(), core, kinds))
        except (OSError, RuntimeError) as error:
            print(f"{name}: skipped, its worker does not start ({error})")
    return contestants


def check_losses(contestants, folders, steps):
    """Every variant follows wsym's losses; one that does not, or cannot run, is dropped with a line that says so. Of a
    sparse layer one step is enough: what it answers is its difference from wsym."""
    worst = {}
    for case, folder in folders.items():
        references = {}  # of single networks, and of each kind of mixture
        for c in contestants:
            for kind, variant in c.kinds(case):
                if kind.startswith("predict") or variant in ("w_asymmetric", "members", "dense"):
                    continue
                try:
                    count = 1 if kind == "sparse" else steps
                    losses = [float(x) for x in c.ask("losses", kind, variant, case, folder, count).split()]
                    reference = references.setdefault(kind if kind in MIXTURES else "step", losses)
                    off = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(losses, reference, strict=True))
                except RuntimeError as error:
                    off = f"cannot run: {error}"
                if isinstance(off, str) or not off <= 1e-4:
                    print(f"{c.name} {kind}:{variant} on {case}: dropped, losses {off}")
                    c.dropped.add((case, kind, variant))
                else:
                    what = "outputs and gradients of a sparse layer" if kind == "sparse" else f"losses of {steps} steps"
                    worst[what, c.name] = max(worst.get((what, c.name), 0.0), off)
    for (what, name), off in worst.items():
        print(f"{what}: {name} within {off:.1e} of wsym (relative, at least 1)")


def measure(contestants, folders, rounds, seconds):
    """times[case, kind, contestant, variant] = one time a round; peaks: one FMA peak a round and case."""
    times, peaks = {}, {}
    for r in range(rounds):
        for case, folder in folders.items():
            peaks.setdefault(case, []).append(float(contestants[0].ask("peak")))
            for c in contestants:
                for kind, variant in c.kinds(case):
                    answer = c.ask("time", kind, variant, case, folder, seconds)
                    times.setdefault((case, kind, c.name, variant), []).append(float(answer))
        print(f"round {r + 1} of {rounds} done", file=sys.stderr)
    return times, peaks


def best(times, case, kind, contestant):
    found = [(statistics.median(t), key) for key, t in times.items() if key[:3] == (case, kind, contestant)]
    return min(found)[1] if found else None


def ratio(times, key, over):
    """How many times as long `key` takes as `over`."""
    return statistics.median(a / b for a, b in zip(times[key], times[over]))


def over_wsym(times, key, peers):
    """For each peer how many times as long its best takes as wsym's `key`."""
    found = [best(times, key[0], key[1], peer) for peer in peers]
    return [f"{ratio(times, other, key):.2f} ({other[3]})" if other else "-" for other in found]


def table(title, header, rows):
    if not rows:
        return
    print(f"\n{title}")
    cells = [header] + [[c if isinstance(c, str) else f"{c:.2f}" for c in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for i, row in enumerate(cells):
        print("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |")
        if i == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")


def report(times, peaks, work, peers):
    wsym = {kind: lambda case, kind=kind, v=v: (case, kind, "wsym", v)
            for kind, v in (("step", "mlp"), ("ensemble", "members"), ("predict_1", "row_predictor"),
                            ("predict_4096", "workspace"))}
    cases = list(peaks)
    rows = []
    for case in cases:
        if (step := wsym["step"](case)) not in times:
            continue
        of_peak = statistics.median(work[step] / (t * 1e-6) / p for t, p in zip(times[step], peaks[case]))
        rows.append([case, statistics.median(times[step]), of_peak, 0.75 if case.endswith("_64") else 0.82,
                     ratio(times, step, (case, "step", "wsym", "by_hand")),
                     ratio(times, (case, "step", "wsym", "w_asymmetric"), step)])
    table("wsym, one thread", ["case", "us a step", "of FMA peak", "goal", "tape / by hand", "W-asymmetric / MLP"], rows)

    for title, kind, variant in (("step over PyTorch's best", "step", None),
                                 ("step over stock PyTorch", "step", "stock"),
                                 ("member-step over bmm", "ensemble", None)):
        rows = []
        for case in cases:
            if wsym[kind](case) not in times:
                continue
            data, hidden = case.split("_")
            row = [case, GOALS[title](data, int(hidden))]
            for peer in peers:
                key = (case, kind, peer, variant) if variant else best(times, case, kind, peer)
                row += [f"{ratio(times, key, wsym[kind](case)):.2f} ({key[3]})" if key in times else "-"]
            rows.append(row)
        table(f"{title}: time of the peer over wsym's", ["case", "goal"] + peers, rows)

    rows = []
    for kind, goal in (("predict_1", 3.0), ("predict_4096", 1.6)):
        if (key := wsym[kind](ONLY_CASE[kind])) in times:
            rows.append([kind, goal, statistics.median(times[key])] + over_wsym(times, key, peers))
    table("64 networks, otto, d = 128: time of the peer over wsym's", ["rows", "goal", "wsym us"] + peers, rows)

    rows = []
    for kind, goal in MIXTURES.items():
        case = ONLY_CASE[kind]
        if (key := (case, kind, "wsym", "stacked")) in times:
            of_peak = statistics.median(work[key] / (t * 1e-6) / p for t, p in zip(times[key], peaks[case]))
            rows.append([kind, statistics.median(times[key]), of_peak, 0.65, goal] + over_wsym(times, key, peers))
    table("A step of 16 experts, otto, d = 64: time of the peer's best over wsym's",
          ["mixture", "wsym us", "of FMA peak", "goal", "goal over peers"] + peers, rows)

    rows = []
    for case, goal in SPARSE.items():
        key, dense = (case, "sparse", "wsym", "layer"), (case, "sparse", "wsym", "dense")
        if key in times:
            of_dense = work[key] / work[dense] * ratio(times, dense, key)
            rows.append([case, statistics.median(times[key]), of_dense, goal] + over_wsym(times, key, peers))
    table("A sparse layer, 4096 tokens, forward and backward: time of the peer's best over wsym's",
          ["case", "wsym us", "of dense", "goal over peers"] + peers, rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True, help="folder for the case files and the results")
    parser.add_argument("--peer", action="append", nargs=2, metavar=("NAME", "COMMAND"), help="wsym comes first")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each measurement")
    parser.add_argument("--cases", nargs="*", default=[*CASES, *SPARSE])
    parser.add_argument("--kinds", nargs="*",
                        help="step, ensemble, predict_1, predict_4096, moe, moie, sparse; default: all")
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()

    contestants = start(options.peer, options.core, options.kinds)
    if not contestants or contestants[0].name != "wsym":
        sys.exit("compare: wsym's own worker must run")
    wsym, folders = contestants[0], {}
    for case in options.cases:
        folders[case] = os.path.join(options.work, case)
        os.makedirs(folders[case], exist_ok=True)
        wsym.ask("save", case, folders[case])
    check_losses(contestants, folders, 50)
    work = {(case, kind, "wsym", variant): float(wsym.ask("work", kind, variant, case, folder, 0))
            for case, folder in folders.items() for kind, variant in wsym.kinds(case)
            if kind in (*MIXTURES, "sparse") or variant == "mlp"}
    times, peaks = measure(contestants, folders, options.rounds, options.seconds)

    with open(os.path.join(options.work, "times.csv"), "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["case", "kind", "library", "variant", "round", "microseconds"])
        for key, list_ in times.items():
            out.writerows([*key, r + 1, t] for r, t in enumerate(list_))
    with open(os.path.join(options.work, "peaks.json"), "w") as file:
        flops = {f"{case} {kind} {variant}": number for (case, kind, _, variant), number in work.items()}
        json.dump({"fma_flops_per_second": peaks, "flops_per_step": flops}, file, indent=1)
    report(times, peaks, work, [c.name for c in contestants[1:]])


if __name__ == "__main__":
    main()
