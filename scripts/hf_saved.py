"""Random models of Hugging Face's transformers in folders as it saves them, for hf_check.py. It must not know which
families there are."""

import copy
import os


def random_model(auto_class, config, seed):
    """With numbers in all parameters, biases and norms included, that make a difference."""
    import torch
    torch.manual_seed(seed)
    model = auto_class.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            norm = "norm" in name.lower() or "ln_" in name
            values.normal_(1.0 if norm and name.endswith("weight") else 0.0, 0.2)
    return model


def save_pretrained(model, folder, dtype=None, **options):
    """In numbers of that type; the model then computes in float32 with the numbers of the files."""
    import torch
    if dtype is not None:
        with torch.no_grad():
            for values in model.parameters():
                values.copy_(values.to(dtype).float())
    copy.deepcopy(model).to(dtype or torch.float32).save_pretrained(folder, **options)


def save_logits(folder, inputs, logits):
    """logits.safetensors: tokens (N, T) or pixels (N, H, W, C), and the logits that transformers finds for them."""
    from safetensors.torch import save_file
    save_file({**inputs, "logits": logits.float().contiguous()}, os.path.join(folder, "logits.safetensors"))


def loaded(auto_class, folder):
    """What was exported."""
    import torch
    return auto_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def distance(before, after):
    """Of logits, as a part of the largest."""
    return ((before - after).abs().max() / before.abs().max()).item()
