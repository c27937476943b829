#!/usr/bin/env python3
"""compare_flax.py JSON: a classifier of texts as one jitted Flax program, the same model as that of a configuration,
with the gradients of all microbatches added up in a scan. Started by compare.py, and talks with it as
compare_pytorch.py."""

import json
import os
import sys
import time

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

SIZES = {
    "classifier": dict(depth=2, heads=8, width=256, tokens=64, vocabulary=10000, rows=32, classes=10, gelu=True, hidden=0),
    "classifier_small": dict(depth=2, heads=8, width=128, tokens=32, vocabulary=1000, rows=64, classes=10, gelu=False, hidden=128),
}


class Block(nn.Module):
    heads: int
    gelu: bool

    @nn.compact
    def __call__(self, x):
        width = x.shape[-1]
        x = x + nn.MultiHeadDotProductAttention(num_heads=self.heads, qkv_features=width)(nn.LayerNorm()(x))
        hidden = nn.Dense(4 * width)(nn.LayerNorm()(x))
        hidden = nn.gelu(hidden, approximate=True) if self.gelu else nn.relu(hidden)
        return x + nn.Dense(width)(hidden)


class Classifier(nn.Module):
    size: dict

    @nn.compact
    def __call__(self, ids):
        size = self.size
        x = nn.Embed(size["vocabulary"], size["width"])(ids)
        x = nn.relu(nn.Conv(size["width"], (3,), padding="SAME")(x))
        x = nn.LayerNorm()(nn.Conv(size["width"], (3,), padding="SAME")(x))
        for _ in range(size["depth"]):
            x = Block(size["heads"], size["gelu"])(x)
        x = nn.LayerNorm()(x).mean(axis=1)
        if size["hidden"] > 0:
            x = nn.relu(nn.Dense(size["hidden"])(x))
        return nn.Dense(size["classes"])(x)


def make_step(model, optimizer, microbatches):
    def loss_of(weights, ids, labels):
        return optax.softmax_cross_entropy_with_integer_labels(model.apply(weights, ids), labels).mean()

    def step(weights, state, ids, labels):
        def add(total, part):
            return jax.tree.map(jnp.add, total, jax.grad(loss_of)(weights, *part)), None
        parts = [whole.reshape(microbatches, -1, *whole.shape[1:]) for whole in (ids, labels)]
        total, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, weights), tuple(parts))
        updates, state = optimizer.update(jax.tree.map(lambda g: g / microbatches, total), state, weights)
        return optax.apply_updates(weights, updates), state
    return jax.jit(step, donate_argnums=(0, 1))


def main():
    asked = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is not an answer
    size = SIZES[asked["work"]]
    key = jax.random.key(1)
    ids = jax.random.randint(key, (size["rows"], size["tokens"]), 0, size["vocabulary"])
    labels = jax.random.randint(key, (size["rows"],), 0, size["classes"])
    model, optimizer = Classifier(size), optax.adam(1e-3, b1=0.9, b2=0.99)
    weights = model.init(key, ids[:1])
    state = optimizer.init(weights)
    step = make_step(model, optimizer, asked["microbatches"])
    count = sum(leaf.size for leaf in jax.tree.leaves(weights))
    print(json.dumps({"parameters": count, "version": "Flax, JAX " + jax.__version__}), file=answers, flush=True)
    weights, state = jax.block_until_ready(step(weights, state, ids, labels))
    for line in sys.stdin:
        times, end = [], time.perf_counter() + json.loads(line)["seconds"]
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            weights, state = jax.block_until_ready(step(weights, state, ids, labels))
            times.append(time.perf_counter() - start)
        seconds = sorted(times)[len(times) // 2]
        print(json.dumps({"samples_per_second": size["rows"] / seconds}), file=answers, flush=True)


if __name__ == "__main__":
    main()
