#!/usr/bin/env python3
"""compare_pytorch.py JSON: one rank of a model in PyTorch, the same as that of a configuration, in one variant. Started
by compare.py: the JSON names work, rank, ranks, port, threads, microbatches, rows (0: as configured) and what the
variant chooses (bfloat16, attention, compile, optimizer, schedule). Rank 0 prints a line of JSON with the number of
parameters; then for each line with seconds and microbatches it trains for about so long and answers with samples a
second, until its input ends."""

import contextlib
import json
import math
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.distributed import pipelining

GPTS = {
    "mid": dict(depth=8, heads=8, width=512, context=256, tokens=256, vocabulary=4096, rows=64, tied=False, decay=0.1),
    "gpt2": dict(depth=12, heads=12, width=768, context=1024, tokens=64, vocabulary=50257, rows=4, tied=True, decay=0.1),
    "shakespeare": dict(depth=4, heads=4, width=128, context=64, tokens=64, vocabulary=65, rows=12, tied=True, decay=0.1),
}
IMAGES = dict(rows=64, classes=10, decay=5e-4)


class Embedding(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.token = nn.Embedding(size["vocabulary"], size["width"])
        self.position = nn.Embedding(size["context"], size["width"])

    def forward(self, ids):
        return self.token(ids) + self.position.weight[:ids.shape[1]]


class Attention(nn.Module):
    def __init__(self, size, fused):
        super().__init__()
        self.heads, self.fused = size["heads"], fused
        self.norm = nn.LayerNorm(size["width"])
        self.qkv = nn.Linear(size["width"], 3 * size["width"])
        self.projection = nn.Linear(size["width"], size["width"])
        later = torch.ones(size["tokens"], size["tokens"], dtype=torch.bool).triu(1)
        self.register_buffer("later", later, persistent=False)

    def forward(self, x):
        rows, tokens, width = x.shape
        q, k, v = self.qkv(self.norm(x)).view(rows, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        if self.fused:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(q.shape[-1]))
            mixed = scores.masked_fill(self.later, -math.inf).softmax(-1).to(v.dtype) @ v
        return x + self.projection(mixed.transpose(1, 2).reshape(rows, tokens, width))


class Mlp(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.norm = nn.LayerNorm(size["width"])
        self.up = nn.Linear(size["width"], 4 * size["width"])
        self.down = nn.Linear(4 * size["width"], size["width"])

    def forward(self, x):
        return x + self.down(F.gelu(self.up(self.norm(x)), approximate="tanh"))


class Head(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.norm = nn.LayerNorm(size["width"])
        self.linear = nn.Linear(size["width"], size["vocabulary"], bias=False)

    def forward(self, x):
        return self.linear(self.norm(x))


def gpt_layers(size, fused):
    blocks = [nn.Sequential(Attention(size, fused), Mlp(size)) for _ in range(size["depth"])]
    return [Embedding(size), *blocks, Head(size)]


class Residual(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
                                  nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        self.skip = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.skip = nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


def resnet18_layers():
    stem = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU())
    blocks, before = [], 64
    for channels, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        blocks += [Residual(before, channels, stride), Residual(channels, channels, 1)]
        before = channels
    return [stem, *blocks, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, IMAGES["classes"]))]


def random_batch(work, weights, rows):
    generator = torch.Generator().manual_seed(1)
    if work not in GPTS:
        images = torch.randn(IMAGES["rows"], 3, 32, 32, generator=generator).to(weights)
        labels = torch.randint(IMAGES["classes"], (IMAGES["rows"],), generator=generator)
        return images.to(memory_format=torch.channels_last), labels
    size = GPTS[work]
    ids = torch.randint(size["vocabulary"], (rows or size["rows"], size["tokens"] + 1), generator=generator)
    return ids[:, :-1].contiguous(), ids[:, 1:].contiguous()


def loss_of(outputs, targets):
    return F.cross_entropy(outputs.float().flatten(0, -2), targets.flatten())


def make_optimizer(modules, work, kind):
    parameters = list({id(p): p for module in modules for p in module.parameters()}.values())
    groups = [[p for p in parameters if p.dim() >= 2], [p for p in parameters if p.dim() < 2]]
    decay = GPTS.get(work, IMAGES)["decay"]
    groups = [{"params": groups[0], "weight_decay": decay}, {"params": groups[1], "weight_decay": 0.0}]
    if work in GPTS:
        return torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.99), **{kind: True})
    return torch.optim.SGD(groups, lr=0.05, momentum=0.9, **{kind: True})


class OneRank:
    """All layers on one rank; microbatches one after the other."""

    def __init__(self, asked, layers, autocast):
        self.model, self.autocast, self.clips = nn.Sequential(*layers), autocast, asked["work"] in GPTS
        if asked["work"] in GPTS and GPTS[asked["work"]]["tied"]:
            layers[-1].linear.weight = layers[0].token.weight
        self.optimizer = make_optimizer([self.model], asked["work"], asked["optimizer"])
        self.loss = lambda x, y: loss_of(self.model(x), y)
        if asked["compile"]:
            self.loss = torch.compile(self.loss)

    def parameters(self):
        return sum(p.numel() for p in self.model.parameters())

    def step(self, batch, microbatches):
        for x, y in zip(*(part.chunk(microbatches) for part in batch)):
            with self.autocast():
                loss = self.loss(x, y) / microbatches
            loss.backward()
        if self.clips:
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()


class Pipeline:
    """This rank's stages under a schedule of torch.distributed.pipelining."""

    def __init__(self, asked, layers, autocast):
        rank, ranks = asked["rank"], asked["ranks"]
        single = {"gpipe": pipelining.ScheduleGPipe, "1f1b": pipelining.Schedule1F1B}
        several = {"interleaved": pipelining.ScheduleInterleaved1F1B, "zbv": pipelining.ScheduleZBVZeroBubble,
                   "interleaved-zb": pipelining.ScheduleInterleavedZeroBubble}
        name = asked["schedule"]
        count = ranks if name in single else 2 * ranks
        mine = [s for s in range(count) if (min(s, count - 1 - s) if name == "zbv" else s % ranks) == rank]
        blocks = len(layers) - 2
        cuts = [0] + [1 + blocks * s // count for s in range(1, count)] + [len(layers)]
        self.modules = {s: nn.Sequential(*layers[cuts[s]:cuts[s + 1]]) for s in mine}
        self.first, self.last, self.autocast = 0 in mine, count - 1 in mine, autocast
        self.tie = None  # the table that this rank and the other one both have
        if GPTS[asked["work"]]["tied"] and self.first and self.last:
            layers[-1].linear.weight = layers[0].token.weight
        elif GPTS[asked["work"]]["tied"]:
            with torch.no_grad():
                layers[-1].linear.weight.copy_(layers[0].token.weight)
            self.tie = layers[0].token.weight if self.first else layers[-1].linear.weight if self.last else None
        self.optimizer = make_optimizer(self.modules.values(), asked["work"], asked["optimizer"])
        made = {s: torch.compile(m) if asked["compile"] else m for s, m in self.modules.items()}
        stages = [pipelining.PipelineStage(made[s], s, count, torch.device("cpu")) for s in mine]
        if name in single:
            self.schedule = single[name](stages[0], asked["microbatches"], loss_fn=loss_of)
        else:
            self.schedule = several[name](stages, asked["microbatches"], loss_fn=loss_of)

    def own(self):
        """Without the copy of a table that the last rank has."""
        unique = {id(p): p for module in self.modules.values() for p in module.parameters()}
        return [p for p in unique.values() if p is not self.tie or self.last]

    def parameters(self):
        count = torch.tensor(float(sum(p.numel() for p in self.own())), dtype=torch.float64)
        dist.all_reduce(count)
        return int(count)

    def step(self, batch, _):
        losses = []
        with self.autocast():
            inputs = [batch[0]] if self.first else []
            self.schedule.step(*inputs, **({"target": batch[1], "losses": losses} if self.last else {}))
        if self.tie is not None:
            dist.all_reduce(self.tie.grad)
        squares = sum((p.grad.float().square().sum() for p in self.own()), torch.zeros(()))
        dist.all_reduce(squares)
        everything = [p for group in self.optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grads_with_norm_(everything, 1.0, squares.sqrt())
        self.optimizer.step()
        self.optimizer.zero_grad()


def make_trainer(asked):
    """And a step's batch."""
    weights = torch.bfloat16 if asked["bfloat16"] == "weights" else torch.float32
    if asked["work"] in GPTS:
        layers = gpt_layers(GPTS[asked["work"]], asked["attention"] == "fused")
    else:
        layers = [layer.to(memory_format=torch.channels_last) for layer in resnet18_layers()]
    layers = [layer.to(weights) for layer in layers]

    def autocast():
        return torch.autocast("cpu", torch.bfloat16) if asked["bfloat16"] == "autocast" else contextlib.nullcontext()
    kind = OneRank if asked["ranks"] == 1 else Pipeline
    return kind(asked, layers, autocast), random_batch(asked["work"], weights, asked["rows"])


def step_seconds(trainer, batch, microbatches, seconds, ranks):
    """The median of as many steps as fit, one at least."""
    times, left = [], 1
    while left > 0:
        start = time.perf_counter()
        trainer.step(batch, microbatches)
        times.append(time.perf_counter() - start)
        left -= 1
        if len(times) == 1:
            more = torch.tensor(int(seconds / times[0]))
            if ranks > 1:
                dist.broadcast(more, 0)
            left = int(more)
    return sorted(times)[len(times) // 2]


def next_request(asked):
    """From the input of rank 0; none at its end."""
    line = [sys.stdin.readline() if asked["rank"] == 0 else ""]
    if asked["ranks"] > 1:
        dist.broadcast_object_list(line, 0)
    return json.loads(line[0]) if line[0].strip() else None


def main():
    asked = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is not an answer

    def answer(found):
        if asked["rank"] == 0:
            print(json.dumps(found), file=answers, flush=True)
    torch.set_num_threads(asked["threads"])
    torch.manual_seed(1)
    if asked["ranks"] > 1:
        dist.init_process_group("gloo", f"tcp://127.0.0.1:{asked['port']}", rank=asked["rank"], world_size=asked["ranks"])
    trainer, batch = make_trainer(asked)
    answer({"parameters": trainer.parameters(), "version": "PyTorch " + torch.__version__})
    warm = False
    while (request := next_request(asked)) is not None:
        microbatches = request.get("microbatches", asked["microbatches"])  # fewer to try a variant out
        rows = len(batch[0]) * microbatches // asked["microbatches"]
        part = [whole[:rows] for whole in batch]
        if not warm:
            trainer.step(part, microbatches)
            warm = True
        seconds = step_seconds(trainer, part, microbatches, request["seconds"], asked["ranks"])
        answer({"samples_per_second": rows / seconds})
    if asked["ranks"] > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
