# SPDX-License-Identifier: MIT
"""A mixture of experts (MoE) and of interpolated experts (MoIE) in PyTorch, in the forms that its experts write.

MODELS["moe:bmm"](case) -> (parameters, forward): a list of leaf tensors and a function of a batch. The parameters of
all experts are stacked, so that an optimiser sees ten tensors; "loop" alone keeps a module for each expert.
"""

import torch
import torch.nn.functional as F
from cases import EXPERTS

try:
    from torch.func import functional_call, vmap
except ImportError:  # before 2.0
    from functorch import make_functional, vmap
    functional_call = None


def leaf(tensor):
    return torch.nn.Parameter(tensor.contiguous())


def read(case):
    """The gate as [weight, bias], and for each layer weight (E, out, in) and bias (E, out)."""
    (weight, bias), experts = case.mixture()
    layers = [tuple(torch.stack([torch.from_numpy(e[l][i]) for e in experts]) for i in (0, 1))
              for l in range(len(experts[0]))]
    return [leaf(torch.from_numpy(weight)), leaf(torch.from_numpy(bias))], layers


def modules(case):
    """The gate and a Sequential for each expert."""
    (weight, bias), experts = case.mixture()

    def linear(w, b):
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data.copy_(torch.from_numpy(w))
        layer.bias.data.copy_(torch.from_numpy(b))
        return layer

    def network(layers):
        parts = [part for w, b in layers for part in (linear(w, b), torch.nn.GELU())]
        return torch.nn.Sequential(*parts[:-1])

    return linear(weight, bias), torch.nn.ModuleList(network(layers) for layers in experts)


def model(lay_out, run):
    """lay_out(l, weight, bias) says how layer l is stored; run(alpha, x, layers) is the forward pass."""
    def build(case):
        gate, layers = read(case)
        layers = [tuple(map(leaf, lay_out(l, w, b))) for l, (w, b) in enumerate(layers)]

        def forward(x):
            return run(torch.softmax(F.linear(x, *gate), 1), x, layers)

        return gate + [p for layer in layers for p in layer], forward

    return build


def hidden_then_last(h, layers, apply):
    for layer in layers[:-1]:
        h = F.gelu(apply(h, layer))
    return apply(h, layers[-1])


# How layers are stored: for baddbmm, weight (E, in, out) and bias (E, 1, out); for a wide product (E out, in), (E out).
def for_bmm(l, w, b):
    return w.transpose(1, 2), b[:, None, :]


def for_linear(l, w, b):
    return w.flatten(0, 1), b.flatten()


def wide_then_bmm(l, w, b):
    return for_linear(l, w, b) if l == 0 else for_bmm(l, w, b)


def by_input(l, w, b):
    """(E in, out), (E, out): for a product over experts and inputs at once."""
    return w.transpose(1, 2).flatten(0, 1), b


def as_is(l, w, b):
    return w, b


def baddbmm(h, layer):
    return torch.baddbmm(layer[1], h, layer[0])


def moe_bmm(alpha, x, layers):
    outputs = hidden_then_last(x.expand(EXPERTS, *x.shape), layers, baddbmm)  # (E, rows, out)
    return torch.einsum("ne,eno->no", alpha, outputs)


def moe_wide_bmm(alpha, x, layers):
    h = F.gelu(F.linear(x, *layers[0])).view(len(x), EXPERTS, -1).transpose(0, 1)
    return torch.einsum("ne,eno->no", alpha, hidden_then_last(h, layers[1:], baddbmm))


def moe_wide_einsum(alpha, x, layers):
    w, b = layers[0]
    h = F.gelu(F.linear(x, w.flatten(0, 1), b.flatten())).view(len(x), EXPERTS, -1)
    outputs = hidden_then_last(h, layers[1:], lambda h, layer: torch.einsum("nei,eoi->neo", h, layer[0]) + layer[1])
    return torch.einsum("ne,neo->no", alpha, outputs)


def moe_vmap(case):
    """vmap of one expert's forward over the stacked parameters."""
    gate, experts = modules(case)
    names = [name for name, _ in experts[0].named_parameters()]
    values = [leaf(torch.stack([dict(e.named_parameters())[name].data for e in experts])) for name in names]
    if functional_call:
        one = lambda p, x: functional_call(experts[0], dict(zip(names, p)), (x,))
    else:
        one, _ = make_functional(experts[0])
    mapped = vmap(one, in_dims=(0, None))

    def forward(x):
        return torch.einsum("ne,eno->no", torch.softmax(gate(x), 1), mapped(tuple(values), x))

    return list(gate.parameters()) + values, forward


def moe_loop(case):
    gate, experts = modules(case)

    def forward(x):
        outputs = torch.stack([expert(x) for expert in experts], 1)
        return (torch.softmax(gate(x), 1)[:, :, None] * outputs).sum(1)

    return list(gate.parameters()) + list(experts.parameters()), forward


def moie_bmm(alpha, x, layers):
    def apply(h, layer):
        return torch.einsum("ne,eno->no", alpha, baddbmm(h.expand(EXPERTS, *h.shape), layer))

    return hidden_then_last(x, layers, apply)


def moie_wide(alpha, x, layers):
    """One product of E out columns, mixed afterwards."""
    def apply(h, layer):
        return torch.einsum("ne,neo->no", alpha, F.linear(h, *layer).view(len(x), EXPERTS, -1))

    return hidden_then_last(x, layers, apply)


def moie_wide_input(alpha, x, layers):
    """One product over E in columns: [alpha_1 h, ..., alpha_E h] by the stacked weights."""
    def apply(h, layer):
        return torch.addmm(alpha @ layer[1], (alpha[:, :, None] * h[:, None, :]).flatten(1), layer[0])

    return hidden_then_last(x, layers, apply)


def moie_vmap(alpha, x, layers):
    linear = vmap(F.linear, in_dims=(None, 0, 0))
    return hidden_then_last(x, layers, lambda h, layer: torch.einsum("ne,eno->no", alpha, linear(h, *layer)))


def moie_loop(case):
    gate, experts = modules(case)

    def forward(x):
        alpha = torch.softmax(gate(x), 1)
        for l in range(0, len(experts[0]), 2):
            x = sum(alpha[:, e, None] * expert[l](x) for e, expert in enumerate(experts))
            if l + 1 < len(experts[0]):
                x = F.gelu(x)
        return x

    return list(gate.parameters()) + list(experts.parameters()), forward


MODELS = {
    "moe:bmm": model(for_bmm, moe_bmm),
    "moe:wide_bmm": model(wide_then_bmm, moe_wide_bmm),
    "moe:wide_einsum": model(as_is, moe_wide_einsum),
    "moe:vmap": moe_vmap,
    "moe:loop": moe_loop,
    "moie:bmm": model(for_bmm, moie_bmm),
    "moie:wide": model(for_linear, moie_wide),
    "moie:wide_input": model(by_input, moie_wide_input),
    "moie:vmap": model(as_is, moie_vmap),
    "moie:loop": moie_loop,
}
