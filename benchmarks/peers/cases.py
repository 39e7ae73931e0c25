# SPDX-License-Identifier: MIT
"""What the Python peers share: the case files that wsym_worker writes, the clock, and the question loop."""

import statistics
import sys
import time

import numpy as np

RATE, DECAY = 1e-3, 3e-2
ROWS, BATCHES, MEMBERS, EXPERTS = 256, 16, 64, 16
TOKENS = 4096
SHAPES = {"california": (8, 1), "otto": (93, 9), "mnist": (784, 10)}


class Numbers:
    """The numbers of a file, taken from its front."""

    def __init__(self, path):
        self.flat, self.at = np.fromfile(path, np.float32), 0

    def take(self, *shape):
        size = int(np.prod(shape))
        self.at += size
        return self.flat[self.at - size : self.at].reshape(shape).copy()

    def layers(self, widths):
        """[(weight (out, in), bias), ...]"""
        return [(self.take(out, fan_in), self.take(out)) for fan_in, out in zip(widths, widths[1:])]


class Case:
    """Initial weights [(weight (out, in), bias), ...] and batches [(x, y), ...] of one case."""

    def __init__(self, name, folder):
        data, hidden = name.split("_")
        self.features, self.outputs = SHAPES[data]
        self.hidden = int(hidden)
        self.regression = data == "california"
        self.folder = folder
        self.widths = [self.features] + 3 * [self.hidden] + [self.outputs]
        self.layers = Numbers(f"{folder}/weights.f32").layers(self.widths)
        x = np.fromfile(f"{folder}/x.f32", np.float32).reshape(BATCHES, ROWS, self.features)
        if self.regression:
            y = np.fromfile(f"{folder}/y.f32", np.float32).reshape(BATCHES, ROWS, 1)
        else:
            y = np.fromfile(f"{folder}/y.i32", np.int32).reshape(BATCHES, ROWS).astype(np.int64)
        self.batches = list(zip(x, y))

    def mixture(self):
        """The gate (weight (experts, features), bias) and the layers of each expert."""
        numbers = Numbers(f"{self.folder}/mixture.f32")
        gate = numbers.take(EXPERTS, self.features), numbers.take(EXPERTS)
        return gate, [numbers.layers(self.widths) for _ in range(EXPERTS)]

    def loss(self, result):
        return float(result)


class SparseCase:
    """A sparse layer: tokens, the router (experts, width), the layers of each expert, and what wsym makes of them."""

    def __init__(self, name, folder):
        self.width, self.hidden, self.experts, self.choices = (int(part[1:]) for part in name.split("_"))
        numbers = Numbers(f"{folder}/sparse.f32")
        tokens = lambda: numbers.take(TOKENS, self.width)
        layer = lambda: (numbers.take(self.experts, self.width),
                         [numbers.layers([self.width, self.hidden, self.width]) for _ in range(self.experts)])
        self.x, self.cotangent, self.layer = tokens(), tokens(), layer()
        self.output, self.gradients = tokens(), [tokens(), *self.listed(*layer())]

    @staticmethod
    def listed(router, experts):
        return [router] + [p for layers in experts for layer in layers for p in layer]

    def loss(self, result):
        """The largest difference from wsym, relative or at least 1, of an output and what gradients() lists."""
        output, gradients = result
        return np.max([np.max(np.abs(got.detach().numpy() - want) / np.maximum(1, np.abs(want)))
                       for got, want in zip([output, *gradients()], [self.output, *self.gradients], strict=True)])


def microseconds(budget, call):
    """Processor time of one call, all threads: the median over blocks that together take about `budget` seconds."""
    for _ in range(3):
        call()
    start = time.process_time()
    call()
    calls = max(1, int(budget / 20 / max(time.process_time() - start, 1e-6)))
    blocks = []
    while sum(blocks) < budget or len(blocks) < 3:
        start = time.process_time()
        for _ in range(calls):
            call()
        blocks.append(time.process_time() - start)
    return 1e6 * statistics.median(blocks) / calls


def serve(variants):
    """variants: {"step:stock": build}; build(case) -> (call, divisor): call() runs one step, case.loss(call()) is its
    loss."""
    loaded = {}
    for line in sys.stdin:
        try:
            word, *rest = line.split()
            if word == "list":
                print(*variants, flush=True)
                continue
            kind, variant, name, folder, number = rest
            if name not in loaded:
                loaded = {name: (SparseCase if kind == "sparse" else Case)(name, folder)}
            call, divisor = variants[f"{kind}:{variant}"](loaded[name])
            if word == "time":
                print(microseconds(float(number), call) / divisor, flush=True)
            else:
                print(*[loaded[name].loss(call()) for _ in range(int(number))], flush=True)
        except Exception as error:  # the loop must answer, whatever a library throws
            print("error", type(error).__name__, str(error).replace("\n", " ")[:300], flush=True)
