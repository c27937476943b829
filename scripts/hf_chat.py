"""Conversations for hf_check.py: small random models whose tokenizers have the chat templates of known families, and
the tokens that `pipetrain generate --chat` reads beside those of transformers' apply_chat_template."""

import os
import re
import subprocess

CHATML = ("{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
          "You answer in few words<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
          "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
LLAMA3 = ("{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + "
          "message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
          "{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")
GEMMA = ("{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}{% set role = 'model' %}{% else %}"
         "{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + "
         "'<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}")
# Template, special tokens, which of them begin and end a text, whether there is a system message.
FORMATS = {
    "chatml": (CHATML, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], "<|im_start|>", "<|im_end|>", True),
    "llama3": (LLAMA3, ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
               "<|begin_of_text|>", "<|eot_id|>", True),
    "gemma": (GEMMA, ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"], "<bos>", "<eos>", False),
}
MESSAGES = ["How are  you?", "  Caf\u00e9, na\u00efve \U0001f600 and so on. "]


def tokenizer_of(template, special, begin, end):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)
    made.train_from_iterator(["user assistant system model How are you"] * 3, trainer)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=made, bos_token=begin, eos_token=end)
    wrapped.chat_template = template
    return wrapped


def save_chat_model(folder, tokenizer, padding=0):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    torch.manual_seed(1)
    config = LlamaConfig(vocab_size=len(tokenizer) + padding, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                         num_attention_heads=4, max_position_embeddings=512)
    model = LlamaForCausalLM(config).eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


def read_tokens(program, folder, more):
    """What the model reads before each of its replies, and the replies."""
    command = [program, "generate", "--checkpoint", folder, "--chat", "--tokens", "5", "--temperature", "0", "--log-level", "debug", *more]
    run = subprocess.run(command, input="\n".join(MESSAGES) + "\n", text=True, check=True, capture_output=True,
                         env=dict(os.environ, OMP_NUM_THREADS="1"))
    return [[int(i) for i in ids.split()] for ids in re.findall(r"the model reads tokens ([0-9 ]*)", run.stderr)]


def check_chat(name, work, pipetrain, program):
    """Whether all that is read before the first reply, and all after it that does not depend on how it ended, is
    theirs."""
    template, special, begin, end, has_system = FORMATS[name]
    tokenizer = tokenizer_of(template, special, begin, end)
    folder, own = os.path.join(work, "chat-" + name), os.path.join(work, "chat-own-" + name)
    save_chat_model(folder, tokenizer)
    pipetrain("import", "--from", folder, "--output", own, folder=work)
    good, count = True, 0
    for system in [None, "Be short."] if has_system else [None]:
        first = [{"role": "system", "content": system}] if system else []
        first.append({"role": "user", "content": MESSAGES[0]})
        theirs = tokenizer.apply_chat_template(first, tokenize=True, add_generation_prompt=True, return_dict=False)
        marker = "A reply"
        both = first + [{"role": "assistant", "content": marker}, {"role": "user", "content": MESSAGES[1]}]
        text = tokenizer.apply_chat_template(both, tokenize=False, add_generation_prompt=True)
        behind = tokenizer.encode(text[text.rindex(marker) + len(marker):], add_special_tokens=False)
        ours = read_tokens(program, own, ["--system", system] if system else [])
        good = good and len(ours) == 2 and ours[0] == theirs and ours[1] in (behind, behind[1:])
        count += len(theirs) + len(behind)
    print(f"{name:12} {count} tokens of conversations: {'the same' if good else 'NOT the same'}")
    return good


def check_padded(work, pipetrain):
    """A vocabulary of more rows than the tokenizer has tokens, as models have that were filled up to a round number:
    the likeliest text is that of the tokens that have text, and the others are never drawn."""
    import torch
    tokenizer, count = tokenizer_of(*FORMATS["chatml"][:4]), 60
    folder, own = os.path.join(work, "padded"), os.path.join(work, "padded-own")
    model = save_chat_model(folder, tokenizer, padding=len(tokenizer))
    pipetrain("import", "--from", folder, "--output", own, folder=work)
    same, without_text = 0, 0
    for prompt in MESSAGES:
        ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            for _ in range(count):
                logits = model(input_ids=ids).logits[:, -1:]
                following = logits[..., :len(tokenizer)].argmax(-1)
                without_text += int(logits.argmax() >= len(tokenizer))
                if following.item() == tokenizer.eos_token_id:
                    break
                ids = torch.cat([ids, following], 1)
        theirs = tokenizer.decode(ids[0], skip_special_tokens=False, clean_up_tokenization_spaces=False)
        ours = pipetrain("generate", "--checkpoint", own, "--prompt", prompt, "--tokens", str(count), "--temperature", "0",
                         "--log-level", "error", folder=work)
        # As Python reads the output of programs.
        read = (theirs + "\n").replace("\r\n", "\n").replace("\r", "\n")  # as Python reads the output of programs
        same += ours == read
    good = same == len(MESSAGES) and without_text > 0
    print(f"{'padded':12} {same} of {len(MESSAGES)} texts the same, where {without_text} times a row without text had the largest logit{'' if good else '  FAILED'}")
    return good
