#!/usr/bin/env python3
"""Makes tests/golden/tokenizers/ anew: small tokenizers of each kind, trained by the package `tokenizers` (0.22.1) on
text of this repository, with the ids that it gives to hard texts. Needs only that package:
  python3 -m venv env && env/bin/pip install tokenizers==0.22.1 && env/bin/python scripts/tokenizer_golden.py

NAME.json is the tokenizer. NAME.ids.json has, for each text of texts.json, its ids without and with special tokens and
the text that comes back; of the long texts (see `long_text`) how many ids there are and a hash of them.
"""
import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests/golden/tokenizers"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
FOREIGN = ["Größe und Maß, déjà vu, naïve café; Ελληνικά, русский язык, עברית, العربية, हिन्दी, 日本語の文章, 中文字符, 한국어. "] * 20

TEXTS = [
    "", " ", "  ", "a", "Hello, world!", " leading and trailing  ", "It's we'll I'D they'RE don't 'tis O'Neill",
    "tabs\tand\nlines\r\nmixed\r\n\r\n  \n\n\nend\n", "a    b     c\u00a0\u00a0d\u3000e\u2003f\u200bg\u0085h\u180ei\u2028j",
    "0 12 345 6789 3.14159 1,000,000 ½ ² Ⅷ ٣٤٥ १२३ 12abc34", "Größe STRASSE ẞ ß İstanbul ıI Ǆ ﬁ ﬃ ſ Å Å ½ ™ ㎏ ①",
    "naïve café vs naïve café q̣̇ q̣̇ Å각 각 ḍ̇ ͏ à́̂", "Ελληνικά ΣΊΣΥΦΟΣ русский Ёлка עִבְרִית العَرَبِيَّة हिन्दी ไทย",
    "日本語の文章、カタカナ。中文字符混合English한국어 조선말𠀀𪛟豈", "👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 ❤️ 1️⃣ ☠ 🤷🏻‍♀️", "\u202ertl\u202c zero\u200dwidth\ufeffbom \u00ad soft",
    "\x00\x01\x7f control \x1b[0m \ufffd \ue000 \U000f0000 \u0378", "x = [i**2 for i in range(10)]; y != z && a->b || c::d // #!$%^&*()_+{}|:<>?~`",
    "snake_case camelCase HTTPServer x86_64 v1.2.3-rc4 user@example.com https://a.b/c?d=e&f=%20#g",
    "for (int i = 0; i < n; ++i) {\n    sum += a[i];\n\treturn;\n}\n", "<|endoftext|>", "before<|endoftext|>after <|endoftext|> <s>x</s> [CLS] [MASK] [SEP]",
    "  <mask>  and<mask>", "word SINGLE xSINGLE SINGLEx SINGLE. éSINGLE Ünorm ÜNORM ünorm right   end RIGHT   end",
    "the quick brown fox jumps over the lazy dog " * 3, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ababababababababab" * 12, "=" * 70 + "\n" + "-" * 33,
    "▁▁already▁visible ▁ spaces▁", "<0x41><0x0A> <0xFF>", "  two  spaces\n  indent\n    more\n", "“quotes” ‘single’ – — … ·•‰ €£¥ ± × ÷ ∑∫√ ≠≤",
    "Zalgo: Z̴̢̛͓a̷̰͝l̵̹̈́g̶̖̃ọ̵͒", "don‘t don’t DON'T 'S 'LL 'ſ 'K K", "\u1e9e\u0130\u0049\u0307 \u03c2\u03c3", "a\u0301\u0301b \u0301 start", "\n", "\r\n\r\n", " \n \n ", "\t\t\tx",
]
BROKEN = [b"abc\xff\xfe def", b"\xe2\x82", b"caf\xc3", b"\xf0\x9f\x98 x \xf0\x9f", b"\xed\xa0\x80\xc0\xaf\xf8\x88", b"ok \x80\x80 \xe2\x28\xa1 end\xf4\x90\x80\x80"]


def long_text(kind):
    """1 MB by a rule that the test knows, too: 0 letters without a space, 1 words, 2 blanks alone, 3 Chinese."""
    state, out = 1, bytearray()
    while len(out) < 1_000_000:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        letter = state >> 33
        if kind == 2:
            out += b" "
        elif kind == 3:
            out += chr(0x4E00 + letter % 200).encode()
        elif kind == 1 and letter % 5 == 0:
            out += b" "
        else:
            out += bytes([97 + letter // 7 % 16])
    return out.decode()


def hash_of(ids):
    value = 0xCBF29CE484222325
    for number in ids:
        value = ((value ^ number) * 0x100000001B3) % 2**64
    return f"{value:016x}"


def corpus():
    files = sorted(ROOT.glob("lib/**/*.md")) + sorted(ROOT.glob("lib/base/*.cpp")) + [ROOT / "README.md"]
    return [file.read_text(encoding="utf-8") for file in files] + FOREIGN


def byte_level(pre_tokenizer, size=420, normalizer=None, **options):
    made = Tokenizer(models.BPE(**options))
    made.pre_tokenizer = pre_tokenizer
    if normalizer:
        made.normalizer = normalizer
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return made


def split_bytes(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def gpt2():
    made = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))
    made.post_processor = processors.ByteLevel(trim_offsets=False)
    return made


def roberta():
    made = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True))
    made.add_special_tokens(["<s>", "</s>", AddedToken("<mask>", lstrip=True, special=True)])
    made.post_processor = processors.RobertaProcessing(("</s>", made.token_to_id("</s>")), ("<s>", made.token_to_id("<s>")))
    return made


def llama3():
    made = byte_level(split_bytes(LLAMA3), ignore_merges=True)
    made.add_special_tokens(["<|begin_of_text|>"])
    begin = ("<|begin_of_text|>", made.token_to_id("<|begin_of_text|>"))
    made.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), processors.TemplateProcessing(
        single=f"{begin[0]} $A", pair=f"{begin[0]} $A {begin[0]} $B:1", special_tokens=[begin])])
    return made


def smollm():
    return byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]))


def visible_spaces(pre_tokenizer, normalizer, decoder, size=300, bytes_known=True, **options):
    """BPE as SentencePiece makes it, with tokens for bytes."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    specials = ["<unk>", "<s>", "</s>"] + (BYTES if bytes_known else [])
    made.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=size + len(specials), special_tokens=specials, show_progress=False))
    model = json.loads(made.to_str())["model"]
    made = Tokenizer(models.BPE(vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]], unk_token="<unk>", **options))
    made.add_special_tokens(["<unk>", "<s>", "</s>"])
    if pre_tokenizer:
        made.pre_tokenizer = pre_tokenizer
    if normalizer:
        made.normalizer = normalizer
    made.decoder = decoder
    made.post_processor = processors.TemplateProcessing(single="<s> $A", pair=None, special_tokens=[("<s>", 1)])
    return made


def llama2():
    return visible_spaces(None, normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]), byte_fallback=True, fuse_unk=True)


def mistral():
    return visible_spaces(pre_tokenizers.Metaspace(prepend_scheme="first", split=False), None,
                          decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
                          byte_fallback=True, fuse_unk=True, ignore_merges=True)


def gemma():
    made = visible_spaces(pre_tokenizers.Split(" ", "merged_with_previous"), normalizers.Replace(" ", "▁"),
                          decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]), byte_fallback=True, fuse_unk=True)
    made.add_tokens([AddedToken("\n" * count, normalized=False) for count in (1, 2, 3)] + [AddedToken("▁" * 2, normalized=False), AddedToken("\t", normalized=False)])
    return made


def unknown():
    return visible_spaces(pre_tokenizers.Metaspace(prepend_scheme="never"), None, decoders.Metaspace(prepend_scheme="never"), bytes_known=False)


def fused():
    return visible_spaces(None, normalizers.Replace(Regex(r"\s"), "▁"), decoders.Metaspace(), bytes_known=False, fuse_unk=True)


def word_ends():
    made = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.decoder = decoders.BPEDecoder(suffix="</w>")
    made.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=450, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False))
    return made


def word_starts():
    made = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##", fuse_unk=True))
    made.normalizer = normalizers.NFKD()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece(prefix="##")
    made.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=500, special_tokens=["<unk>"], continuing_subword_prefix="##", show_progress=False))
    return made


def unigram():
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.train_from_iterator(corpus(), trainers.UnigramTrainer(vocab_size=400, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    made.post_processor = processors.TemplateProcessing(single="$A </s>", pair=None, special_tokens=[("</s>", 1)])
    return made


def unigram_bytes():
    vocabulary = json.loads(unigram().to_str())["model"]["vocab"]
    made = Tokenizer(models.Unigram([tuple(entry) for entry in vocabulary] + [(byte, 0.0) for byte in BYTES], unk_id=2, byte_fallback=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    made.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    return made


def bert(lowercase=True, **options):
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=lowercase, **options)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.train_from_iterator(corpus(), trainers.WordPieceTrainer(
        vocab_size=500, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made


def bert_cased():
    return bert(lowercase=False, strip_accents=None, clean_text=False)


def odd():
    made = byte_level(pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Digits(),
                                               pre_tokenizers.Split(Regex("[a-f]{2}"), "merged_with_next"), pre_tokenizers.Split("e", "merged_with_previous"),
                                               pre_tokenizers.Split(Regex(r"\w+|\W"), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=True)]),
                      normalizer=normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip(right=False)]))
    made.add_tokens([AddedToken("SINGLE", single_word=True), AddedToken("ÜNORM", normalized=True), AddedToken("Ünorm", normalized=False),
                     AddedToken("RIGHT", rstrip=True, normalized=False)])
    made.add_special_tokens(["[CLS]", "[SEP]"])
    made.post_processor = processors.BertProcessing(("[SEP]", made.token_to_id("[SEP]")), ("[CLS]", made.token_to_id("[CLS]")))
    return made


KINDS = {
    "gpt2": gpt2, "roberta": roberta, "llama3": llama3, "smollm": smollm, "llama2": llama2, "mistral": mistral, "gemma": gemma, "unknown": unknown,
    "fused": fused, "word_ends": word_ends, "word_starts": word_starts, "unigram": unigram, "unigram_bytes": unigram_bytes, "bert": bert,
    "bert_cased": bert_cased, "odd": odd,
    "qwen": lambda: byte_level(split_bytes(QWEN), normalizer=normalizers.NFC()),
    "cl100k": lambda: byte_level(split_bytes(CL100K)),
    "o200k": lambda: byte_level(split_bytes(O200K)),
}
LONG = {"gpt2": (0, 1, 2, 3), "llama3": (0, 1, 2, 3), "llama2": (0, 1, 3), "unigram": (0, 1), "bert": (1,)}


def expected(made, name):
    texts = TEXTS + [text.decode("utf-8", errors="replace") for text in BROKEN]
    plain = [made.encode(text, add_special_tokens=False).ids for text in texts]
    result = {"ids": plain, "special": [made.encode(text).ids for text in texts], "text": [made.decode(ids) for ids in plain],
              "vocabulary": max(made.get_vocab(with_added_tokens=True).values()) + 1, "long": []}
    for kind in LONG.get(name, ()):
        ids = made.encode(long_text(kind), add_special_tokens=False).ids
        result["long"].append([kind, len(ids), hash_of(ids)])
    return result


def trained():
    """As `pipetrain tokenizer --train` does it, on two of the files here."""
    texts = [(OUTPUT / f"{name}.json").read_text(encoding="utf-8") for name in ("bert", "word_ends")]
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=600, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return json.loads(made.to_str())["model"]


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    texts = [text.encode("utf-8", errors="surrogatepass").hex() for text in TEXTS] + [text.hex() for text in BROKEN]
    (OUTPUT / "texts.json").write_text(json.dumps(texts, indent=0) + "\n", encoding="utf-8")
    for name, make in KINDS.items():
        made = make()
        file = json.loads(made.to_str())
        if name == "smollm":  # as older files have it
            file["model"]["merges"] = [" ".join(merge) for merge in file["model"]["merges"]]
            made = Tokenizer.from_str(json.dumps(file))
        (OUTPUT / f"{name}.json").write_text(json.dumps(file, ensure_ascii=False) + "\n", encoding="utf-8")
        (OUTPUT / f"{name}.ids.json").write_text(json.dumps(expected(made, name), separators=(",", ":")) + "\n", encoding="utf-8")
        print(f"{name}: {made.get_vocab_size()} tokens", flush=True)
    (OUTPUT / "trained.model.json").write_text(json.dumps(trained(), ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
