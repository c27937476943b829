"""Classifiers of images and texts, for hf_check.py: random models as transformers saves them, their logits, data with
labels, and what both programs say of them."""

import csv
import json
import os
import random
import struct

from hf_saved import distance, loaded, random_model, save_logits, save_pretrained

WORDS = "a b c d e f g h i j k l m n o p q r s t u v w x y z ing er st th".split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def of_images(config):
    return config.model_type == "vit"


def auto_class(config):
    import transformers as t
    return t.AutoModelForImageClassification if of_images(config) else t.AutoModelForSequenceClassification


def logits_of(model, inputs):
    """Of images (N, C, H, W), or of tokens (N, T) below 0 where they fill up a row."""
    import torch
    with torch.no_grad():
        if of_images(model.config):
            return model(pixel_values=inputs).logits.float()
        return model(input_ids=inputs.clamp(min=0), attention_mask=(inputs >= 0).long()).logits.float()


def random_inputs(config, rows, seed):
    import torch
    generator = torch.Generator().manual_seed(seed)
    if of_images(config):
        return torch.randn((rows, config.num_channels, config.image_size, config.image_size), generator=generator)
    length = config.max_position_embeddings - 1
    tokens = torch.randint(0, config.vocab_size, (rows, length), generator=generator)
    for row in range(rows):
        tokens[row, length - row * 2:] = -1
    return tokens


def save_classifier(folder, config, seed, **options):
    """A folder as transformers saves it, with inputs and the logits that it finds for them."""
    import torch
    model = random_model(auto_class(config), config, seed)
    save_pretrained(model, folder, **options)
    inputs = random_inputs(config, 3, seed)
    stored = {"pixels": inputs.permute(0, 2, 3, 1).contiguous()} if of_images(config) else {"tokens": inputs.to(torch.int32)}
    save_logits(folder, stored, logits_of(model, inputs))
    if of_images(config):
        with open(os.path.join(folder, "preprocessor_config.json"), "w", encoding="utf-8") as file:
            mean = [0.4, 0.5, 0.6][:config.num_channels]
            json.dump({"do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": mean, "image_std": [0.25, 0.5, 0.3][:len(mean)],
                       "image_processor_type": "ViTImageProcessor", "rescale_factor": 1 / 255,
                       "size": {"height": config.image_size, "width": config.image_size}}, file, indent=2)
    return model


def write_tokenizer(folder, vocabulary):
    """A WordPiece tokenizer.json with [CLS] and [SEP] around a text."""
    import tokenizers as k
    tokens = SPECIAL + WORDS + ["##" + word for word in WORDS]
    tokenizer = k.Tokenizer(k.models.WordPiece({token: i for i, token in enumerate(tokens[:vocabulary])}, unk_token="[UNK]"))
    tokenizer.normalizer = k.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = k.pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = k.processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]",
                   "unk_token": "[UNK]", "mask_token": "[MASK]"}, file)


def write_images(folder, model, rows):
    """idx files of random images; their labels are those of the model, but for some. Returns options for eval, and how
    many labels transformers finds."""
    import torch
    config, draw = model.config, random.Random(7)
    side, channels = config.image_size, config.num_channels
    images = bytes(draw.randrange(256) for _ in range(rows * side * side * channels))
    with open(os.path.join(folder, "preprocessor_config.json"), encoding="utf-8") as file:
        settings = json.load(file)
    pixels = torch.tensor(list(images)).reshape(rows, side, side, channels).permute(0, 3, 1, 2).double() / 255
    of_channels = [torch.tensor(settings[key], dtype=torch.float64).reshape(1, channels, 1, 1) for key in ("image_mean", "image_std")]
    found = logits_of(model, ((pixels - of_channels[0]) / of_channels[1]).float()).argmax(-1).tolist()
    labels = [label if draw.random() < 0.7 else draw.randrange(config.num_labels) for label in found]
    paths = [os.path.join(folder, name) for name in ("images.idx", "labels.idx")]
    with open(paths[0], "wb") as file:
        file.write(struct.pack(">5I", 0x804, rows, side, side, channels) + images)
    with open(paths[1], "wb") as file:
        file.write(struct.pack(">2I", 0x801, rows) + bytes(labels))
    return [f"data.path=[{paths[0]}, {paths[1]}]"], sum(a == b for a, b in zip(found, labels))


def write_texts(folder, model, rows):
    """The same of texts, in a csv file; some are longer than the model's rows."""
    from transformers import AutoTokenizer
    config, draw = model.config, random.Random(8)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = [" ".join("".join(draw.choices(WORDS, k=draw.randint(1, 2))) for _ in range(draw.randint(1, 12))) for _ in range(rows)]
    taken = tokenizer(texts, padding=True, truncation=True, max_length=config.max_position_embeddings, return_tensors="pt")
    tokens = taken["input_ids"].masked_fill(taken["attention_mask"] == 0, -1)
    found = logits_of(model, tokens).argmax(-1).tolist()
    labels = [label if draw.random() < 0.7 else draw.randrange(config.num_labels) for label in found]
    path = os.path.join(folder, "texts.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(zip(labels, texts))
    return [f"data.path={path}"], sum(a == b for a, b in zip(found, labels))


def check_classifier(name, config, work, pipetrain, rows=60):
    """A random model imported, asked for the labels of data, and exported again. Returns the folder with logits, and
    whether all is the same."""
    folder = os.path.join(work, name)
    model = save_classifier(folder, config, len(name))
    if not of_images(config):
        write_tokenizer(folder, config.vocab_size)
    options, right = write_images(folder, model, rows) if of_images(config) else write_texts(folder, model, rows)
    pipetrain("import", "--from", folder, "--output", name + "-in", folder=work)
    # The same file validates as trains, so that each of its rows is asked for.
    validation = "data.validation=" + options[0].removeprefix("data.path=")
    settings = [word for option in (*options, validation, "data.validation_fraction=0") for word in ("--set", option)]
    found = json.loads(pipetrain("eval", "--config", name + "-in/config.yaml", "--checkpoint", name + "-in", *settings, "--format",
                                 "json", "--log-level", "error", folder=work))["accuracy"]
    pipetrain("export", "--checkpoint", name + "-in", "--format", "hf", "--output", name + "-out", folder=work)
    again, inputs = loaded(auto_class(config), os.path.join(work, name + "-out")), random_inputs(config, 4, 5)
    apart = distance(logits_of(model, inputs), logits_of(again, inputs))
    good = apart < 1e-6 and abs(found - right / rows) < 1e-9 and again.config.id2label == config.id2label
    print(f"{name}: exported as {again.config.model_type}, logits differ by {apart:.2g} of the largest; accuracy {found:.4f} here, "
          f"{right / rows:.4f} in transformers{'' if good else '  FAILED'}", flush=True)
    return folder, good
