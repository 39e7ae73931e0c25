# SPDX-License-Identifier: MIT
"""JAX's side of compare.py: one jitted and donated step, for one network and mapped over 64."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from cases import DECAY, MEMBERS, RATE, serve


def forward(parameters, x):
    for weight, bias in parameters[:-1]:
        x = jax.nn.gelu(x @ weight + bias, approximate=False)
    weight, bias = parameters[-1]
    return x @ weight + bias


def loss_of(case):
    if case.regression:
        return lambda p, x, y: jnp.mean((forward(p, x) - y) ** 2)

    def cross_entropy(p, x, y):
        logs = jax.nn.log_softmax(forward(p, x))
        return -jnp.mean(jnp.take_along_axis(logs, y[:, None], 1))

    return cross_entropy


def adamw(state, gradients):
    parameters, first, second, t = state
    t = t + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    rate, root = RATE / (1 - 0.9**t), jnp.sqrt(1 - 0.999**t)
    parameters = jax.tree.map(
        lambda p, m, v: p * (1 - RATE * DECAY) - rate * m / (jnp.sqrt(v) / root + 1e-8), parameters, first, second
    )
    return parameters, first, second, t


def step_of(case):
    gradient = jax.value_and_grad(loss_of(case))

    def step(state, x, y):
        loss, gradients = gradient(state[0], x, y)
        return adamw(state, gradients), loss

    return step


def start(case, many=None):
    stack = lambda a: jnp.array(np.broadcast_to(a, (many, *a.shape)) if many else a)
    parameters = [(stack(np.ascontiguousarray(w.T)), stack(b)) for w, b in case.layers]
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    return parameters, zeros(), zeros(), stack(np.float32(0))


def runner(case, many=None):
    name = "jitted_many" if many else "jitted_one"
    if not hasattr(case, name):  # compiled once for a case
        step = jax.vmap(step_of(case)) if many else step_of(case)
        stack = lambda a: jnp.array(np.broadcast_to(a, (many, *a.shape)) if many else a)
        setattr(case, name, (jax.jit(step, donate_argnums=0), [(stack(x), stack(y)) for x, y in case.batches]))
    jitted, batches = getattr(case, name)
    state, stream = start(case, many), itertools.cycle(batches)

    def call():
        nonlocal state
        state, loss = jitted(state, *next(stream))
        return jnp.mean(loss).block_until_ready()

    return call, many or 1


def predictor(case, rows):
    parameters = start(case, MEMBERS)[0]
    x = jnp.array(np.concatenate([x for x, _ in case.batches])[:rows])
    mean = jax.jit(lambda p, x: jnp.mean(jax.vmap(forward, (0, None))(p, x), 0))
    return lambda: mean(parameters, x).block_until_ready()[0, 0], 1


VARIANTS = {
    "step:jit": runner,
    "ensemble:vmap": lambda case: runner(case, MEMBERS),
    "predict_1:vmap": lambda case: predictor(case, 1),
    "predict_4096:vmap": lambda case: predictor(case, 4096),
}

if __name__ == "__main__":
    serve(VARIANTS)
