"""A small valid run in a folder of its own: configuration, text and tokens."""

import os
import struct

CONFIG = """model:
  preset: gpt
  depth: 2
  heads: 2
  width: 16
  context: 8
data:
  format: text
  path: corpus.txt
pipeline:
  schedule: 1f1b
  microbatches: 4
optimizer:
  learning_rate: 1.0e-3
train:
  steps: 3
  batch_size: 8
  eval_every: 0
  checkpoint_every: 0
  output: run
"""


def write(path, content):
    with open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def make_inputs(folder):
    def put(name, content):
        write(os.path.join(folder, name), content)

    put("model.yaml", CONFIG)
    put("corpus.txt", "the quick brown fox jumps over the lazy dog. " * 100)
    put("short.txt", "too short")
    put("empty.txt", "")
    tokens = [i % 50 for i in range(1000)]
    tokens[700] = 60000
    put("bare.bin", struct.pack("<1000H", *tokens))
    put("odd.bin", struct.pack("<1000H", *tokens) + b"x")
    header = [20240520, 1, 1000] + [0] * 253
    put("magic.bin", struct.pack("<256i", 20240521, *header[1:]) + struct.pack("<1000H", *tokens))
    put("version.bin", struct.pack("<256i", 20240520, 9, *header[2:]) + struct.pack("<1000H", *tokens))
    put("cut.bin", struct.pack("<256i", *header) + struct.pack("<500H", *tokens[:500]))
    put("header.bin", struct.pack("<256i", *header)[:100])
