# SPDX-License-Identifier: MIT
"""One sparse layer of experts in PyTorch, in the forms that its experts write, forward and backward.

FORMS["loop"](case) -> (parameters, forward): the router's weight and the experts' parameters, one after the other or in
four stacks, and a function of the tokens. Gates are a softmax over all experts, K of which are kept as they are; no
token is dropped.
"""

import torch
import torch.nn.functional as F


def leaf(array):
    return torch.from_numpy(array).requires_grad_()


def gates(x, router, choices):
    """The K largest gates of each token and whose they are, (tokens, K) each."""
    return torch.softmax(F.linear(x, router), 1).topk(choices)


def sort_by_expert(chosen, experts):
    """The choices ordered by expert, each as token * K + rank, and how many every expert has."""
    flat = chosen.flatten()
    return flat.argsort(stable=True), torch.bincount(flat, minlength=experts)


def lists(case):
    """A list of parameters for each expert: weight (out, in) and bias of both layers."""
    router, experts = case.layer
    return leaf(router), [[leaf(p) for layer in layers for p in layer] for layers in experts]


def mlp(x, expert):
    w1, b1, w2, b2 = expert
    return F.linear(F.gelu(F.linear(x, w1, b1)), w2, b2)


def loop(case):
    router, experts = lists(case)

    def forward(x):
        weight, chosen = gates(x, router, case.choices)
        y = torch.zeros_like(x)
        for e, expert in enumerate(experts):
            token, rank = torch.where(chosen == e)
            y.index_add_(0, token, weight[token, rank, None] * mlp(x.index_select(0, token), expert))
        return y

    return [router] + [p for expert in experts for p in expert], forward


def split(case):
    """Sorted by expert: one gather, a piece for each expert, one scatter."""
    router, experts = lists(case)

    def forward(x):
        weight, chosen = gates(x, router, case.choices)
        order, counts = sort_by_expert(chosen, len(experts))
        token = order.div(case.choices, rounding_mode="floor")
        pieces = x.index_select(0, token).split(counts.tolist())
        outputs = torch.cat([mlp(piece, expert) for piece, expert in zip(pieces, experts)])
        return torch.zeros_like(x).index_add_(0, token, outputs * weight.flatten()[order, None])

    return [router] + [p for expert in experts for p in expert], forward


def stacks(case):
    """Weight (E, in, out) and bias (E, out) of both layers."""
    router, experts = case.layer
    stack = lambda l, i: torch.stack([torch.from_numpy(layers[l][i]) for layers in experts])
    parameters = [t for l in (0, 1) for t in (stack(l, 0).transpose(1, 2), stack(l, 1))]
    return leaf(router), [p.contiguous().requires_grad_() for p in parameters]


def padded(case):
    """Every expert has as many slots as the fullest needs; the rest is zeros."""
    router, (w1, b1, w2, b2) = stacks(case)
    experts, width = case.experts, case.width

    def forward(x):
        weight, chosen = gates(x, router, case.choices)
        order, counts = sort_by_expert(chosen, experts)
        slots = int(counts.max())
        expert = chosen.flatten()[order]
        slot = torch.arange(len(order)) - (counts.cumsum(0) - counts)[expert]
        place = torch.empty_like(order).index_copy_(0, order, expert * slots + slot)  # of each token's choices
        rows = x[:, None].expand(-1, case.choices, -1).reshape(-1, width)
        buffers = x.new_zeros(experts * slots, width).index_copy(0, place, rows).view(experts, slots, width)
        outputs = torch.baddbmm(b2[:, None], F.gelu(torch.baddbmm(b1[:, None], buffers, w1)), w2).view(-1, width)
        return (outputs.index_select(0, place).view(-1, case.choices, width) * weight[..., None]).sum(1)

    return [router, w1, b1, w2, b2], forward


def grouped(case):
    """One product for all experts, each on its piece."""
    router, (w1, b1, w2, b2) = stacks(case)

    def forward(x):
        weight, chosen = gates(x, router, case.choices)
        order, counts = sort_by_expert(chosen, case.experts)
        token, expert = order.div(case.choices, rounding_mode="floor"), chosen.flatten()[order]
        ends = counts.cumsum(0, dtype=torch.int32)
        h = F.gelu(F.grouped_mm(x.index_select(0, token), w1, offs=ends) + b1.index_select(0, expert))
        outputs = F.grouped_mm(h, w2, offs=ends) + b2.index_select(0, expert)
        return torch.zeros_like(x).index_add_(0, token, outputs * weight.flatten()[order, None])

    return [router, w1, b1, w2, b2], forward


FORMS = {"loop": loop, "split": split, "padded": padded}
if hasattr(F, "grouped_mm"):
    FORMS["grouped"] = grouped


def listed(case, gradients):
    """As SparseCase lists them: the router, then weight (out, in) and bias of both layers of each expert."""
    if len(gradients) > 5:
        return gradients
    router, w1, b1, w2, b2 = gradients
    return [router] + [p for e in range(case.experts) for p in (w1[e].t(), b1[e], w2[e].t(), b2[e])]


def layer(case, form, compiled=False):
    """call() -> the output, and a function that lists the gradients of the tokens and all parameters."""
    parameters, forward = FORMS[form](case)
    if compiled:
        forward = torch.compile(forward)
    x, cotangent = leaf(case.x), torch.from_numpy(case.cotangent)

    def call():
        y = forward(x)
        dx, *gradients = torch.autograd.grad(y, [x] + parameters, cotangent)
        return y, lambda: [dx, *listed(case, gradients)]

    return call, 1
