#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The reading half of scripts/oracle.sh: oracle.py FOLDER writes what the results folders in it say, as JSON lines;
oracle.py BEFORE AFTER PATTERN compares two such files, cells that match PATTERN.

The efficient experiment keeps no weights files. There the metrics, which the journal has to the last bit, and the
epochs stand for the weights: training is deterministic, so a moved weight moves some of its dozens of numbers.
"""
import hashlib
import json
import pathlib
import re
import sys

KEY = ("kind", "experiment", "variant", "hidden", "model", "repeat", "gate", "experts", "member", "system")
COSTS = {"numbers.tape_bytes", "numbers.train_flops", "numbers.forward_flops"}  # say nothing of the network: may change
TOLERANCE = 1e-12


def weights_of(folder, line):
    """A hash of a network's tensors, without the text that stands beside them; None where there is no file."""
    if line["kind"] != "member":
        return None
    name = f"{line['experiment']}-{line['model']}"
    name += f"-{line['gate']}-experts{line['experts']}" if "gate" in line else ""
    name += f"-hidden{line['hidden']}-repeat{line['repeat']}" + (f"-{line['variant']}" if line["variant"] else "")
    file = folder / "weights" / name / f"{line['member']}.safetensors"
    if not file.exists():
        return None
    content = file.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    tensors = {k: v for k, v in json.loads(content[8:end]).items() if k != "__metadata__"}
    return hashlib.sha256(json.dumps(tensors, sort_keys=True).encode() + content[end:]).hexdigest()


def leaves(value, path=""):
    """All numbers, texts and truth values in a line, by path."""
    if not isinstance(value, (dict, list)):
        return {path: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = [leaves(v, f"{path}.{k}" if path else str(k)) for k, v in items]
    return {k: v for one in found for k, v in one.items()}


def records(folder):
    for file in sorted(folder.glob("journal/*.jsonl")):
        for line in map(json.loads, file.read_text().splitlines()):
            if line["kind"] == "run":
                continue
            rest = leaves({k: v for k, v in line.items() if k not in KEY + ("session", "dataset", "preset")})
            epochs = rest.pop("epochs", rest.pop("numbers.epochs", None))
            yield {"cell": folder.name, "key": " ".join(str(line[k]) for k in KEY if line.get(k, "") != ""),
                   "weights": weights_of(folder, line), "epochs": epochs, "best_epoch": rest.pop("best_epoch", None),
                   "metrics": rest}


def within(a, b):  # a count, a text or an undefined metric has no tolerance
    return a == b or (type(a) is type(b) is float and abs(a - b) <= TOLERANCE * max(abs(a), abs(b)))


def moved(a, b):
    """What differs of one network: (text, whether it may)."""
    if b is None:
        return [("gone", False)]
    found = [(f"{k} {a[k]} -> {b[k]}", False) for k in ("weights", "epochs", "best_epoch") if a[k] != b[k]]
    for k in a["metrics"] | b["metrics"]:
        old, new = a["metrics"].get(k, "nothing"), b["metrics"].get(k, "nothing")
        if old != new or type(old) is not type(new):
            found.append((f"{k} {old} -> {new}", k in COSTS or old == "nothing" or within(old, new)))
    return found


def compare(before, after, pattern):
    def load(name):
        return {(r["cell"], r["key"]): r for r in map(json.loads, open(name)) if re.search(pattern, r["cell"])}
    before, after = load(before), load(after)
    run = {cell for cell, _ in after}
    bad = 0
    for cell in dict.fromkeys(cell for cell, _ in before | after):
        keys = [key for c, key in before if c == cell]
        if not keys or cell not in run:
            print(f"{cell}: {'not recorded' if not keys else 'not trained'}")
            continue
        lines = [(key, *m) for key in keys for m in moved(before[cell, key], after.get((cell, key)))]
        wrong = sum(not may for *_, may in lines)
        bad += wrong > 0
        print(f"{cell}: " + ("same" if not lines else f"{len(lines)} moved, {wrong} of them wrong") + f" ({len(keys)})")
        for key, text, may in lines:
            print(f"  {'    ' if may else 'BAD '}{key}: {text}")
    print(f"{len(run)} cells, {bad} wrong")
    return 1 if bad or not run else 0


if __name__ == "__main__":
    if len(sys.argv) == 2:
        for cell_folder in sorted(p for p in pathlib.Path(sys.argv[1]).iterdir() if p.is_dir()):
            for record in records(cell_folder):
                print(json.dumps(record))
    else:
        sys.exit(compare(*sys.argv[1:4]))
