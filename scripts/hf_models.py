"""Small random models of Hugging Face's families, for hf_check.py: one or more of each, with what its real
configurations have."""

NONE = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
SMALL = {"vocab_size": 23, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 32, **NONE}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 8}


def golden_configs():
    """Those of tests/golden/."""
    import transformers as t
    alternating = ["sliding_attention", "full_attention"]
    return {
        "hf_gpt2": t.GPT2Config(vocab_size=61, n_positions=16, n_embd=16, n_layer=2, n_head=4, bos_token_id=None, eos_token_id=None),
        "hf_llama": t.LlamaConfig(vocab_size=61, hidden_size=16, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
                                  num_key_value_heads=2, max_position_embeddings=16, bos_token_id=None, eos_token_id=None),
        "hf_llama3": t.LlamaConfig(**SMALL, num_key_value_heads=2, head_dim=6, attention_bias=True, rope_parameters=LLAMA3),
        "hf_mistral": t.MistralConfig(**SMALL, num_key_value_heads=2, sliding_window=4),
        "hf_qwen2": t.Qwen2Config(**SMALL, num_key_value_heads=2, use_sliding_window=True, sliding_window=5, max_window_layers=1),
        "hf_qwen3": t.Qwen3Config(**SMALL, num_key_value_heads=2, head_dim=8),
        "hf_smollm3": t.SmolLM3Config(**SMALL, num_key_value_heads=2, no_rope_layers=[0, 1]),
        "hf_phi3": t.Phi3Config(**SMALL, num_key_value_heads=2, sliding_window=7),
        "hf_gemma": t.GemmaConfig(**SMALL, num_key_value_heads=1, head_dim=8),
        "hf_gemma2": t.Gemma2Config(**SMALL, num_key_value_heads=2, head_dim=6, query_pre_attn_scalar=3, sliding_window=4,
                                    layer_types=alternating, attn_logit_softcapping=2.0, final_logit_softcapping=3.0),
        "hf_gpt_neox": t.GPTNeoXConfig(**SMALL, rope_parameters={"rope_type": "default", "rope_theta": 10000.0,
                                                                "partial_rotary_factor": 0.5}),
        "hf_opt": t.OPTConfig(vocab_size=23, hidden_size=16, ffn_dim=24, num_hidden_layers=2, num_attention_heads=4,
                              max_position_embeddings=32, word_embed_proj_dim=16, **NONE),
    }


def more_configs():
    """Others, which hf_check.py makes anew."""
    import transformers as t
    linear = {"rope_type": "linear", "rope_theta": 500.0, "factor": 2.0}
    return {
        "llama-linear": t.LlamaConfig(**SMALL, mlp_bias=True, attention_bias=True, rope_parameters=linear),
        "qwen3-biases": t.Qwen3Config(**SMALL, num_key_value_heads=4, head_dim=4, attention_bias=True, tie_word_embeddings=True),
        "smollm3-four": t.SmolLM3Config(**{**SMALL, "num_hidden_layers": 5}, num_key_value_heads=1),
        "phi3-partial": t.Phi3Config(**SMALL, num_key_value_heads=4, partial_rotary_factor=0.5),
        "gemma2-plain": t.Gemma2Config(**{**SMALL, "num_hidden_layers": 3}, num_key_value_heads=4, head_dim=4,
                                       attn_logit_softcapping=None, final_logit_softcapping=None),
        "gpt-neox-sequential": t.GPTNeoXConfig(**SMALL, use_parallel_residual=False, hidden_act="gelu_new", rotary_pct=0.5),
        "opt-gelu": t.OPTConfig(vocab_size=23, hidden_size=16, ffn_dim=40, num_hidden_layers=3, num_attention_heads=2,
                                max_position_embeddings=32, word_embed_proj_dim=16, activation_function="gelu",
                                tie_word_embeddings=False, **NONE),
    }


IMAGES = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 12, "patch_size": 4}
TEXTS = {"vocab_size": 40, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 12}
NAMES = {"id2label": {0: "cat", 1: "dog, or wolf", 2: "bird"}, "label2id": {"cat": 0, "dog, or wolf": 1, "bird": 2}}


def golden_classifiers():
    """Those of tests/golden/."""
    import transformers as t
    return {"hf_vit": t.ViTConfig(**IMAGES, **NAMES), "hf_bert": t.BertConfig(**TEXTS, **NAMES)}


def more_classifiers():
    """Others, which hf_check.py makes anew."""
    import transformers as t
    return {
        "vit-relu": t.ViTConfig(**{**IMAGES, "num_channels": 1, "num_hidden_layers": 3}, hidden_act="relu", layer_norm_eps=1e-6, num_labels=2),
        "vit-tanh": t.ViTConfig(**IMAGES, hidden_act="gelu_new", hidden_dropout_prob=0.1, num_labels=5),
        "bert-one-type": t.BertConfig(**{**TEXTS, "num_attention_heads": 2}, type_vocab_size=1, hidden_act="relu", num_labels=4),
        "bert-deep": t.BertConfig(**{**TEXTS, "num_hidden_layers": 4}, layer_norm_eps=1e-5, classifier_dropout=0.3, num_labels=2),
    }
