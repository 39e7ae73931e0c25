# SPDX-License-Identifier: MIT
"""PyTorch's side of compare.py, for 1.13 and for 2.x: every configuration its experts would try on a CPU."""

import itertools

import torch
import torch.nn.functional as F
from cases import DECAY, MEMBERS, RATE, ROWS, serve
from torch_mixtures import MODELS
from torch_sparse import FORMS, layer

torch.set_num_threads(1)
TORCH_2 = int(torch.__version__.split(".")[0]) >= 2
ADAMW = dict(lr=RATE, weight_decay=DECAY)


def batches(case):
    return itertools.cycle([(torch.from_numpy(x), torch.from_numpy(y)) for x, y in case.batches])


def loss_of(case):
    return F.mse_loss if case.regression else F.cross_entropy


def network(case):
    layers = []
    for weight, bias in case.layers:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.data.copy_(torch.from_numpy(weight))
        linear.bias.data.copy_(torch.from_numpy(bias))
        layers += [linear, torch.nn.GELU()]
    return torch.nn.Sequential(*layers[:-1])


def flatten(parameters):
    """One buffer for all parameters and one for all gradients, so that the optimiser sees a single tensor."""
    parameters = list(parameters)
    flat = torch.nn.Parameter(torch.cat([p.data.flatten() for p in parameters]))
    flat.grad = torch.zeros_like(flat)
    at = 0
    for p in parameters:
        p.data = flat.data[at : at + p.numel()].view_as(p)
        p.grad = flat.grad[at : at + p.numel()].view_as(p)
        at += p.numel()
    return flat


def member_batches(case):
    """Each batch once for each member, as contiguous memory; made once for a case."""
    if not hasattr(case, "member_batches"):
        case.member_batches = [
            (x.expand(MEMBERS, *x.shape).contiguous(), y.repeat(MEMBERS, *[1] * (y.dim() - 1)))
            for x, y in itertools.islice(batches(case), len(case.batches))
        ]
    return itertools.cycle(case.member_batches)


def stepper(case, forward, optimizer, zero_grad, members=1):
    """With several members the loss is the sum of the members' losses; the mean is returned."""
    loss_function, stream = loss_of(case), batches(case) if members == 1 else member_batches(case)

    def step():
        x, y = next(stream)
        zero_grad()
        output = forward(x)
        loss = loss_function(output.reshape(-1, output.shape[-1]), y)
        (loss * members if members > 1 else loss).backward()
        optimizer.step()
        return loss.detach()

    return step


def single(case, compiled=False, **options):
    model = network(case)
    optimizer = torch.optim.AdamW(model.parameters(), **ADAMW, **options)
    forward = torch.compile(model) if compiled else model
    return stepper(case, forward, optimizer, lambda: optimizer.zero_grad(set_to_none=True)), 1


def scripted(case):
    model = network(case)
    flat = flatten(model.parameters())
    optimizer = torch.optim.AdamW([flat], **ADAMW)
    forward = torch.jit.trace(model, torch.from_numpy(case.batches[0][0]))
    return stepper(case, forward, optimizer, lambda: flat.grad.zero_()), 1


def flat_buffer(case, **options):
    model = network(case)
    flat = flatten(model.parameters())
    optimizer = torch.optim.AdamW([flat], **ADAMW, **options)
    return stepper(case, model, optimizer, lambda: flat.grad.zero_()), 1


def gradients_by_name(case, **options):
    """autograd.grad into one flat gradient: no accumulation into existing gradients, no zeroing."""
    model = network(case)
    parameters = list(model.parameters())
    flat = flatten(parameters)
    optimizer = torch.optim.AdamW([flat], **ADAMW, **options)
    loss_function, stream = loss_of(case), batches(case)

    def step():
        x, y = next(stream)
        loss = loss_function(model(x), y)
        torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)], out=flat.grad)
        optimizer.step()
        return loss.detach()

    return step, 1


def by_hand(case, **options):
    """Forward and backward written out with output buffers, no autograd: the least work PyTorch can be asked for."""
    model = network(case)
    parameters = list(model.parameters())
    flat = flatten(parameters)
    gradients = [p.grad for p in parameters]
    optimizer = torch.optim.AdamW([flat], **ADAMW, **options)
    widths = [p.shape[0] for p in parameters[::2]]
    z = [torch.empty(ROWS, width) for width in widths]
    h = [torch.empty(ROWS, width) for width in widths]
    g = [torch.empty(ROWS, width) for width in widths]
    stream = batches(case)
    rows = torch.arange(ROWS)

    @torch.no_grad()
    def step():
        x, y = next(stream)
        inputs = x
        for l, width in enumerate(widths):
            torch.addmm(parameters[2 * l + 1], inputs, parameters[2 * l].t(), out=z[l])
            if l + 1 < len(widths):
                inputs = torch.ops.aten.gelu.out(z[l], out=h[l]) if hasattr(torch.ops.aten.gelu, "out") else F.gelu(z[l])
                h[l] = inputs
        if case.regression:
            torch.sub(z[-1], y, out=g[-1])
            loss = g[-1].square().mean()
            g[-1].mul_(2 / ROWS)
        else:
            logs = torch.log_softmax(z[-1], 1)
            loss = F.nll_loss(logs, y)
            torch.exp(logs, out=g[-1])
            g[-1][rows, y] -= 1
            g[-1].div_(ROWS)
        for l in range(len(widths) - 1, -1, -1):
            torch.mm(g[l].t(), h[l - 1] if l > 0 else x, out=gradients[2 * l])
            torch.sum(g[l], 0, out=gradients[2 * l + 1])
            if l > 0:
                torch.mm(g[l], parameters[2 * l], out=g[l - 1])
                g[l - 1].copy_(torch.ops.aten.gelu_backward(g[l - 1], z[l - 1]))
        optimizer.step()
        return loss

    return step, 1


def stacked(case):
    """Weights (members, in, out) and biases (members, 1, out) of 64 networks, all with the case's initial values."""
    return [
        torch.nn.Parameter(t.expand(MEMBERS, *t.shape).contiguous())
        for weight, bias in case.layers
        for t in (torch.from_numpy(weight).t(), torch.from_numpy(bias)[None, :])
    ]


def forward_stacked(parameters, x):
    for l in range(0, len(parameters), 2):
        x = torch.baddbmm(parameters[l + 1], x, parameters[l])
        if l + 2 < len(parameters):
            x = F.gelu(x)
    return x


def adamw(parameters, flat=False, **options):
    """The optimiser, over one flat buffer if asked, and how its gradients are forgotten."""
    if flat:
        buffer = flatten(parameters)
        return torch.optim.AdamW([buffer], **ADAMW, **options), lambda: buffer.grad.zero_()
    optimizer = torch.optim.AdamW(parameters, **ADAMW, **options)
    return optimizer, lambda: optimizer.zero_grad(set_to_none=True)


def bmm(case, flat=False, **options):
    parameters = stacked(case)
    optimizer, zero = adamw(parameters, flat, **options)
    return stepper(case, lambda x: forward_stacked(parameters, x), optimizer, zero, MEMBERS), MEMBERS


def vmapped(case, **options):
    if TORCH_2:
        from torch.func import functional_call, vmap
        model = network(case)
        parameters = {n: p.detach().expand(MEMBERS, *p.shape).contiguous().requires_grad_()
                      for n, p in model.named_parameters()}
        mapped = vmap(lambda p, x: functional_call(model, p, (x,)))
        values = list(parameters.values())
    else:
        from functorch import make_functional, vmap
        model, initial = make_functional(network(case))
        parameters = [p.detach().expand(MEMBERS, *p.shape).contiguous().requires_grad_() for p in initial]
        mapped = vmap(lambda p, x: model(p, x))
        values = parameters
    optimizer, zero = adamw(values, **options)
    return stepper(case, lambda x: mapped(parameters, x), optimizer, zero, MEMBERS), MEMBERS


def mixture(case, build, flat=False, compiled=False, **options):
    parameters, forward = build(case)
    optimizer, zero = adamw(parameters, flat, **options)
    return stepper(case, torch.compile(forward) if compiled else forward, optimizer, zero), 1


def input_rows(case, rows):
    x = torch.cat([torch.from_numpy(x) for x, _ in case.batches])
    return x[:rows].contiguous()


def predict_bmm(case, rows):
    parameters = [p.detach() for p in stacked(case)]
    x = input_rows(case, rows)
    blocks = x.split(256)

    @torch.no_grad()
    def call():
        outputs = [forward_stacked(parameters, b.expand(MEMBERS, *b.shape)).mean(0) for b in blocks]
        return torch.cat(outputs)[0, 0]

    return call, 1


def predict_loop(case, rows, script=False):
    models = [network(case).eval() for _ in range(MEMBERS)]
    x = input_rows(case, rows)
    if script:
        models = [torch.jit.freeze(torch.jit.script(m)) for m in models]

    @torch.no_grad()
    def call():
        total = models[0](x)
        for m in models[1:]:
            total += m(x)
        return total.div_(MEMBERS)[0, 0]

    return call, 1


VARIANTS = {
    "step:stock": single,
    "step:foreach": lambda case: single(case, foreach=True),
    "step:flat": flat_buffer,
    "step:flat_cat": gradients_by_name,
    "step:traced_flat": scripted,
    "step:by_hand": by_hand,
    "ensemble:bmm": bmm,
    "ensemble:bmm_flat": lambda case: bmm(case, flat=True),
    "ensemble:vmap": vmapped,
}
for rows in (1, 4096):
    VARIANTS[f"predict_{rows}:bmm"] = lambda case, rows=rows: predict_bmm(case, rows)
    VARIANTS[f"predict_{rows}:loop"] = lambda case, rows=rows: predict_loop(case, rows)
    VARIANTS[f"predict_{rows}:script"] = lambda case, rows=rows: predict_loop(case, rows, script=True)
if TORCH_2:
    VARIANTS |= {
        "step:fused": lambda case: single(case, fused=True),
        "step:flat_cat_fused": lambda case: gradients_by_name(case, fused=True),
        "step:by_hand_fused": lambda case: by_hand(case, fused=True),
        "step:compile_fused": lambda case: single(case, compiled=True, fused=True),
        "ensemble:bmm_fused": lambda case: bmm(case, fused=True),
    }

for name, build in MODELS.items():
    VARIANTS[f"{name}"] = lambda case, build=build: mixture(case, build)
    VARIANTS[f"{name}_foreach"] = lambda case, build=build: mixture(case, build, foreach=True)
    VARIANTS[f"{name}_flat"] = lambda case, build=build: mixture(case, build, flat=True)
    if TORCH_2:
        VARIANTS[f"{name}_fused"] = lambda case, build=build: mixture(case, build, fused=True)
        VARIANTS[f"{name}_flat_fused"] = lambda case, build=build: mixture(case, build, flat=True, fused=True)
        VARIANTS[f"{name}_compile_fused"] = lambda case, build=build: mixture(case, build, compiled=True, fused=True)

for form in FORMS:
    VARIANTS[f"sparse:{form}"] = lambda case, form=form: layer(case, form)
    if TORCH_2:
        VARIANTS[f"sparse:{form}_compile"] = lambda case, form=form: layer(case, form, compiled=True)

if __name__ == "__main__":
    serve(VARIANTS)
