"""Files for bad_input.py: configurations and tables of actions, each wrong in one way, and those they are made of."""

from inputs import CONFIG


def with_lines(old, new):
    """The valid configuration with one part of its text replaced."""
    assert old in CONFIG
    return CONFIG.replace(old, new)


def layers(lines):
    """The valid configuration with a model of these layers instead of the preset."""
    _, rest = CONFIG.split("data:\n", 1)
    rest = rest.replace("  path: corpus.txt\n", "  path: corpus.txt\n  sequence_length: 8\n")
    return "model:\n  layers:\n" + "".join(f"    - {line}\n" for line in lines) + "data:\n" + rest


TRANSFORMER = ["embedding: {vocabulary: auto, width: 16}", "repeat: 2\n      layers: [{transformer_block: {heads: 2}}]",
               "layer_norm", "linear: {features: vocabulary}"]


def replaced(index, line):
    return layers(TRANSFORMER[:index] + [line] + TRANSFORMER[index + 1:])


# Files of configuration: {name: text}. Their names stand for them below.
CONFIGS = {
    "notyaml.yaml": with_lines("  depth: 2", "  depth: [2"),
    "tab.yaml": with_lines("  depth: 2", "\tdepth: 2"),
    "twice.yaml": with_lines("  depth: 2", "  depth: 2\n  depth: 2"),
    "unknown_key.yaml": with_lines("  microbatches: 4", "  microbatchs: 4"),
    "unknown_section.yaml": with_lines("optimizer:", "optimiser:"),
    "type.yaml": with_lines("  steps: 3", "  steps: many"),
    "heads.yaml": with_lines("  heads: 2", "  heads: 3"),
    "scalar.yaml": "just a word\n",
    "empty.yaml": "",
    "no_data.yaml": with_lines("  path: corpus.txt\n", ""),
    "layers.yaml": layers(TRANSFORMER),
    "three_layers.yaml": layers([TRANSFORMER[0], TRANSFORMER[2], TRANSFORMER[3]]),
    "no_layer.yaml": replaced(2, "layer_nrom"),
    "no_option.yaml": replaced(0, "embedding: {vocabulary: auto}"),
    "wrong_option.yaml": replaced(0, "embedding: {vocabulary: auto, widht: 16}"),
    "layer_type.yaml": replaced(0, "embedding: {vocabulary: auto, width: wide}"),
    "layer_heads.yaml": replaced(1, "transformer_block: {heads: 5}"),
    "layer_kv_heads.yaml": replaced(1, "transformer_block: {heads: 4, kv_heads: 3}"),
    "layer_rotary.yaml": replaced(1, "attention: {heads: 16, positions: rotary}"),
    "layer_activation.yaml": replaced(1, "mlp: {activation: swish}"),
    "layer_block_option.yaml": replaced(1, "transformer_block: {heads: 4, kvheads: 2}"),
    "no_embedding.yaml": replaced(0, "layer_norm"),
    "two_keys.yaml": replaced(2, "layer_norm: {}\n      linear: {features: 16}"),
}


# Tables of schedules for two ranks and four microbatches, each wrong in one way: [row, row].
GOOD_ROWS = ["0F0,0F1,0F2,0F3,0B0,0B1,0B2,0B3", "1F0,1B0,1F1,1B1,1F2,1B2,1F3,1B3"]
TABLES = {
    "good.csv": GOOD_ROWS,
    "row_missing.csv": GOOD_ROWS[1:],
    "twice.csv": [GOOD_ROWS[0], GOOD_ROWS[1].replace("1F3", "1F2")],
    "weights_first.csv": [GOOD_ROWS[0], GOOD_ROWS[1].replace("1B3", "1W3,1I3")],
    "incomplete.csv": [GOOD_ROWS[0], GOOD_ROWS[1].replace(",1B3", "")],
    "cycle.csv": [GOOD_ROWS[0].replace("0F3,0B0", "0B0,0F3"), "1F3,1B3,1F0,1B0,1F1,1B1,1F2,1B2"],
    "empty.csv": [],
    "words.csv": ["a schedule"],
}
