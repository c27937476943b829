"""Folders as people have them and transformers no longer writes them, for hf_check.py: other types and numbers of
files, older keys, buffers among the weights, names without their first word, vocabularies that were filled up."""

import json
import os

from hf_models import IMAGES, LLAMA3, NONE, SMALL, TEXTS


def change_config(folder, change):
    path = os.path.join(folder, "config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    change(config)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)


def change_tensors(folder, change):
    from safetensors.torch import load_file, save_file
    path = os.path.join(folder, "model.safetensors")
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def older_keys(folder):
    """rope_theta and rope_scaling, of which "type" is the kind, torch_dtype, no head_dim where it is what follows from
    the others, and no layer_types."""
    def change(config):
        rope = config.pop("rope_parameters", None) or {}
        config["torch_dtype"] = config.pop("dtype", "float32")
        if "rope_theta" in rope:
            config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = {("type" if key == "rope_type" else key): value for key, value in rope.items()} or None
        if config.get("rope_scaling") == {"type": "default"}:
            config["rope_scaling"] = None
        if config["model_type"] != "gemma2" and config.get("head_dim") == config["hidden_size"] // config["num_attention_heads"]:
            del config["head_dim"]
        config.pop("layer_types", None)
    change_config(folder, change)


def neox_keys(folder):
    def change(config):
        rope = config.pop("rope_parameters")
        config.update(rotary_pct=rope["partial_rotary_factor"], rotary_emb_base=int(rope["rope_theta"]), torch_dtype="float16")
    change_config(folder, change)


def add_buffers(kind):
    """What older versions kept beside the weights."""
    import torch

    def change(tensors):
        for layer in range(2):
            if kind == "gpt2":
                tensors[f"transformer.h.{layer}.attn.bias"] = torch.ones((1, 1, 16, 16), dtype=torch.bool).tril()
                tensors[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
            elif kind == "gpt_neox":
                tensors[f"gpt_neox.layers.{layer}.attention.bias"] = torch.ones((1, 1, 32, 32), dtype=torch.bool).tril()
                tensors[f"gpt_neox.layers.{layer}.attention.masked_bias"] = torch.tensor(-1e9)
                tensors[f"gpt_neox.layers.{layer}.attention.rotary_emb.inv_freq"] = torch.ones(1)
            else:
                tensors[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = torch.ones(2)
        return tensors
    return lambda folder: change_tensors(folder, change)


def drop_prefix(prefix):
    """As a model without its head is saved."""
    return lambda folder: change_tensors(folder, lambda tensors: {name.removeprefix(prefix): values for name, values in tensors.items()})


def older_norms(folder):
    def renamed(name):
        return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    change_tensors(folder, lambda tensors: {renamed(name): values for name, values in tensors.items()})


def cases():
    """Name, configuration, how it is saved, what is changed then."""
    import torch
    import transformers as t
    half, brain, small_files = {"dtype": torch.float16}, {"dtype": torch.bfloat16}, {"max_shard_size": "20KB"}
    llama = {**SMALL, "num_key_value_heads": 2}
    gpt2 = {"vocab_size": 61, "n_positions": 20, "n_embd": 24, "n_layer": 2, "n_head": 2, **NONE}
    neox = {"rope_parameters": {"rope_type": "default", "rope_theta": 5000.0, "partial_rotary_factor": 0.5}}
    return [
        ("sharded", t.LlamaConfig(**{**llama, "hidden_size": 32, "vocab_size": 61}, tie_word_embeddings=True), small_files, None),
        ("bfloat16", t.LlamaConfig(**llama, rms_norm_eps=1e-5, rope_theta=500000.0), brain, None),
        ("float16", t.GPT2Config(**gpt2, n_inner=50, activation_function="relu", layer_norm_epsilon=1e-6, tie_word_embeddings=False), half, None),
        ("vit-float16", t.ViTConfig(**IMAGES, num_labels=3), half, None),
        ("vit-sharded", t.ViTConfig(**IMAGES, num_labels=3), {**brain, "max_shard_size": "5KB"}, None),
        ("bert-bfloat16", t.BertConfig(**TEXTS, num_labels=3), brain, None),
        ("bert-sharded", t.BertConfig(**TEXTS, num_labels=3), {**half, "max_shard_size": "5KB"}, None),
        ("bert-older-norms", t.BertConfig(**TEXTS, num_labels=2), {}, older_norms),
        ("llama-older-keys", t.LlamaConfig(**llama, rope_parameters=LLAMA3), {}, older_keys),
        ("llama-older-theta", t.LlamaConfig(**llama, rope_parameters={"rope_type": "default", "rope_theta": 300.0}), {}, older_keys),
        ("llama-older-linear", t.LlamaConfig(**llama, rope_parameters={"rope_type": "linear", "rope_theta": 300.0, "factor": 4.0}), {},
         older_keys),
        ("llama-dynamic", t.LlamaConfig(**llama, rope_parameters={"rope_type": "dynamic", "rope_theta": 300.0, "factor": 4.0}), {},
         older_keys),
        ("mistral-older-keys", t.MistralConfig(**llama, sliding_window=5, rope_parameters={"rope_type": "default", "rope_theta": 77.0}), {},
         older_keys),
        ("qwen2-older-keys", t.Qwen2Config(**llama, use_sliding_window=True, sliding_window=5, max_window_layers=1), {}, older_keys),
        ("gemma2-older-keys", t.Gemma2Config(**llama, head_dim=4, sliding_window=4), {}, older_keys),
        ("neox-older-keys", t.GPTNeoXConfig(**SMALL, **neox), {}, neox_keys),
        ("llama-buffers", t.LlamaConfig(**llama), {}, add_buffers("llama")),
        ("gpt2-buffers", t.GPT2Config(**gpt2), {}, add_buffers("gpt2")),
        ("neox-buffers", t.GPTNeoXConfig(**SMALL, **neox), {}, add_buffers("gpt_neox")),
        ("gpt2-base", t.GPT2Config(**gpt2), {}, drop_prefix("transformer.")),
        ("llama-base", t.LlamaConfig(**llama, tie_word_embeddings=True), {}, drop_prefix("model.")),
        ("opt-base", t.OPTConfig(vocab_size=23, hidden_size=16, ffn_dim=24, num_hidden_layers=2, num_attention_heads=4,
                                 max_position_embeddings=32, word_embed_proj_dim=16, **NONE), {}, drop_prefix("model.")),
    ]


def save_quirks(work, save_model, save_classifier):
    """Returns the folders, each with its logits."""
    folders = []
    for seed, (name, config, options, change) in enumerate(cases()):
        folders.append(os.path.join(work, name))
        save = save_classifier if config.model_type in ("vit", "bert") else save_model
        save(folders[-1], config, seed, **options)
        if change is not None:
            change(folders[-1])
    return folders
