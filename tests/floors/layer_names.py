#!/usr/bin/env python3
"""Checks that only lib/nn/ spells the names of layers and of their parameters. check.py runs this, too."""
import re

NN = "lib/nn/"
KINDS = NN + "layers/layer_kinds.cpp"
ROW = re.compile(r'^    \{"(\w+)",', re.MULTILINE)  # of the table of kinds
NAMES = re.compile(r"^struct \w+Names \{$(.*?)^\};$", re.MULTILINE | re.DOTALL)  # a layer's own name and its parts'
PART = re.compile(r'\bk\w+ = "(\w+)"')
LITERAL = re.compile(r'//[^\n]*|^\s*#\s*include[^\n]*|R"(\w*)\((.*?)\)\1"|"((?:\\.|[^"\\\n])*)"', re.MULTILINE | re.DOTALL)

# Words that mean something else where they stand.
ELSEWHERE = {
    ("lib/config/config_fields.h", "dropout"): "the key model.dropout",
    ("lib/exchange/hf_activation.cpp", "gelu"): "Hugging Face's word for it",
    ("lib/exchange/hf_activation.cpp", "relu"): "Hugging Face's word for it",
    ("lib/exchange/hf_blocks.cpp", "gelu"): "Hugging Face's word for it",
    ("lib/exchange/hf_blocks.cpp", "linear"): "Hugging Face's word for a scaling",
    ("lib/exchange/hf_blocks.cpp", "silu"): "Hugging Face's word for it",
    ("lib/exchange/hf_opt.cpp", "dropout"): "Hugging Face's word for it",
    ("lib/ops/activation.cpp", "gelu"): "an operation of bench --roofline",
    ("lib/ops/activation.cpp", "relu"): "an operation of bench --roofline",
    ("lib/ops/activation.cpp", "silu"): "an operation of bench --roofline",
    ("lib/ops/attention/attention.cpp", "attention"): "an operation of bench --roofline",
    ("lib/ops/dropout.cpp", "dropout"): "an operation of bench --roofline",
    ("lib/ops/work_log.h", "attention"): "a kind of operations of bench --roofline",
    ("lib/optim/learning_curves.cpp", "linear"): "a learning-rate curve",
    ("lib/text/subwords/bpe.cpp", "dropout"): "a key of tokenizer.json",
    ("lib/schedule/memory_choices.h", "attention"): "a choice of pipeline.recompute",
}


def names(repository):
    """The kinds of layers, and a pattern of texts that name one of their parameters or a layer of a model."""
    table = repository / KINDS
    kinds = ROW.findall(table.read_text(encoding="utf-8")) if table.exists() else []
    structs = [found for file in sorted(repository.glob(NN + "layers/*.h")) for found in NAMES.findall(file.read_text(encoding="utf-8"))]
    parts = [part for found in structs for part in PART.findall(found) if part not in kinds]
    kind, part = "|".join(kinds), "|".join(parts)
    return kinds, re.compile(rf"layers\.(\d.*)?|(.*\.)?({kind})\.({part})(\..*)?|({part})\.(weight|bias)" if parts else r"layers\.(\d.*)?")


def violations(repository):
    kinds, parameter = names(repository)
    if not kinds:
        yield KINDS, "has no table of kinds that tests/floors/layer_names.py can read"
    used = set()
    for file in (file for folder in ("lib", "app") for file in sorted(repository.glob(f"{folder}/**/*"))):
        path = file.relative_to(repository).as_posix()
        if file.suffix not in (".h", ".cpp") or path.startswith(NN):
            continue
        for _, raw, plain in LITERAL.findall(file.read_text(encoding="utf-8")):
            text = raw or plain
            if (path, text) in ELSEWHERE:
                used.add((path, text))
            elif text in kinds or parameter.fullmatch(text):
                yield path, f'spells "{text}", a name of lib/nn/layers/; ask there, or say in tests/floors/layer_names.py what else it is'
    for path, text in ELSEWHERE.keys() - used:
        yield "tests/floors/layer_names.py", f'nothing needs its line of "{text}" in {path}; take it out'
