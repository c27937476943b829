#include "exchange/hf_blocks.h"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <iterator>
#include <utility>

#include "exchange/hf_tensor_list.h"
#include "nn/layers/embedding.h"
#include "nn/models/decoder_names.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

constexpr const char *kDefaultRope = "default", *kLinearRope = "linear", *kLlama3Rope = "llama3",
                     *kDynamicRope = "dynamic";

constexpr const char *kSilu = "silu", *kTanhGelu = "gelu_pytorch_tanh";

// Gemma's own word goes before the other; "gelu" is its old word for the tanh form.
void check_activation(const HfFields& fields, MlpActivation activation) {
  const bool silu = activation == MlpActivation::kSwiGlu;
  const char* const key = fields.has("hidden_activation") ? "hidden_activation" : "hidden_act";
  const std::string found = fields.text(key, silu ? kSilu : kTanhGelu);
  const bool right =
      silu ? found == kSilu || found == "swish" : found == kTanhGelu || found == "gelu";
  if (!right) fields.fail(key, silu ? kSilu : kTanhGelu);
}

RotaryScaling parse_scaling(const HfFields& rope, const Decoder& model) {
  const char* const key = rope.has("rope_type") ? "rope_type" : "type";
  const std::string type = rope.text(key, kDefaultRope);
  if (type == kDefaultRope) return {};
  if (type == kDynamicRope) {  // up to the model's own context it changes nothing
    spdlog::warn("positions are scaled dynamically beyond {} tokens, which is not done here",
                 model.context);
    return {};
  }
  RotaryScaling made{.stretch = RotaryStretch::kLinear, .factor = rope.positive("factor", 1)};
  if (type == kLinearRope) return made;
  if (type != kLlama3Rope) rope.fail(key, "default, linear, llama3 or dynamic");
  made.stretch = RotaryStretch::kLlama3;
  made.low = rope.positive("low_freq_factor", 1);
  made.high = rope.positive("high_freq_factor", 4);
  made.context = rope.positive("original_max_position_embeddings", model.context);
  if (made.low >= made.high) rope.fail("low_freq_factor", "less than high_freq_factor");
  return made;
}

nlohmann::ordered_json scaling_config(const RotaryScaling& scaling) {
  if (scaling.stretch == RotaryStretch::kLinear) {
    return {{"rope_type", kLinearRope}, {"factor", scaling.factor}};
  }
  return {{"rope_type", kLlama3Rope},
          {"factor", scaling.factor},
          {"low_freq_factor", scaling.low},
          {"high_freq_factor", scaling.high},
          {"original_max_position_embeddings", static_cast<std::int64_t>(scaling.context)}};
}

BranchBias parse_bias(const HfFields& fields) {
  const bool attention = fields.flag("attention_bias", false);
  const bool mlp = fields.flag("mlp_bias", false);
  if (mlp && !attention) fields.fail("mlp_bias", "false where attention_bias is");
  return mlp ? BranchBias::kAll : attention ? BranchBias::kAttention : BranchBias::kNone;
}

void check_heads(const HfFields& fields, const Decoder& model) {
  if (model.heads % model.kv_heads != 0) {
    fields.fail("num_key_value_heads", "a divisor of num_attention_heads");
  }
  if (model.head_width == 0 && model.width % model.heads != 0) {
    fields.fail("num_attention_heads", "a divisor of the width, " + std::to_string(model.width));
  }
  if (model.width_of_head() % 2 != 0) {
    fields.fail(model.head_width > 0 ? "head_dim" : "hidden_size",
                "an even number of entries for each of num_attention_heads heads");
  }
}

}  // namespace

void parse_hf_rotary(const HfFields& fields, double theta, Decoder& model,
                     std::optional<double> turned) {
  model.rotary = true;
  const HfFields now = fields.section("rope_parameters"), before = fields.section("rope_scaling");
  const HfFields& scaling = now.has("rope_type") || now.has("type") ? now : before;
  model.scaling = parse_scaling(scaling, model);
  model.theta = now.positive("rope_theta", fields.positive("rope_theta", theta));
  const auto part = [](double x) { return x > 0 && x <= 1; };
  const auto all = [](double x) { return x == 1; };
  for (const HfFields& from : {fields, before, now}) {
    const char* const key = "partial_rotary_factor";
    if (turned) turned = from.number(key, *turned, "a part from above 0 to 1", part);
    if (!turned) from.number(key, 1, "1", all);
  }
  model.rotary_width = static_cast<int>(model.width_of_head() * turned.value_or(1));
  if (model.rotary_width < 2 || model.rotary_width % 2 != 0) {
    fields.fail("partial_rotary_factor", "an even number of entries of each head");
  }
}

Decoder parse_hf_blocks(const HfFields& fields, const HfBlockDefaults& defaults) {
  Decoder model{.depth = fields.size("num_hidden_layers"),
                .heads = fields.size("num_attention_heads"),
                .width = fields.size("hidden_size"),
                .mlp_width = fields.size("intermediate_size"),
                .context = fields.size("max_position_embeddings", defaults.context),
                .vocabulary = fields.size("vocab_size"),
                .activation = defaults.activation,
                .norm = NormKind::kRms,
                .bias = parse_bias(fields),
                .epsilon = fields.epsilon("rms_norm_eps", defaults.epsilon),
                .tied = fields.flag("tie_word_embeddings", defaults.tied),
                .attention_dropout = fields.rate("attention_dropout", 0)};
  const int kv_heads = defaults.kv_heads > 0 && !fields.is_null("num_key_value_heads")
                           ? defaults.kv_heads
                           : model.heads;
  model.kv_heads = fields.size("num_key_value_heads", kv_heads);
  const bool given = fields.has("head_dim") || defaults.head_width > 0;
  if (given) model.head_width = fields.size("head_dim", defaults.head_width);
  check_activation(fields, model.activation);
  check_heads(fields, model);
  parse_hf_rotary(fields, defaults.theta, model,
                  defaults.partial_rotary ? std::optional(1.0) : std::nullopt);
  return model;
}

void parse_hf_windows(const HfFields& fields, bool allowed, int otherwise,
                      const std::function<bool(int layer)>& has, Decoder& model) {
  model.windowed = fields.list("layer_types", model.depth, "full_attention or sliding_attention",
                               [](const nlohmann::json& entry) -> std::optional<bool> {
                                 if (entry == "sliding_attention") return true;
                                 if (entry == "full_attention") return false;
                                 return std::nullopt;
                               });
  if (!allowed || fields.is_null("sliding_window")) otherwise = 0;
  const bool given = allowed && fields.has("sliding_window");
  model.window = given ? fields.size("sliding_window") : otherwise;
  if (model.window == 0) {
    model.windowed.clear();
    return;
  }
  for (int layer = 0; std::ssize(model.windowed) < model.depth; ++layer) {
    model.windowed.push_back(has(layer));
  }
}

void parse_hf_late_windows(const HfFields& fields, Decoder& model) {
  const int first = fields.natural("max_window_layers", 28);
  parse_hf_windows(
      fields, fields.flag("use_sliding_window", false), /*otherwise=*/4096,
      [first](int layer) { return layer >= first; }, model);
}

void hf_write_late_windows(const Decoder& model, nlohmann::ordered_json& config) {
  config["use_sliding_window"] = model.window > 0;
  config["sliding_window"] = model.window > 0 ? nlohmann::ordered_json(model.window) : nullptr;
  config["layer_types"] = hf_layer_types(model);
}

nlohmann::ordered_json hf_layer_types(const Decoder& model) {
  nlohmann::ordered_json types = nlohmann::ordered_json::array();
  for (int layer = 0; layer < model.depth; ++layer) {
    types.push_back(model.has_window(layer) ? "sliding_attention" : "full_attention");
  }
  return types;
}

nlohmann::ordered_json hf_blocks_config(const Decoder& model) {
  nlohmann::ordered_json config = {
      {"vocab_size", model.vocabulary},
      {"max_position_embeddings", model.context},
      {"hidden_size", model.width},
      {"intermediate_size", model.mlp_width},
      {"num_hidden_layers", model.depth},
      {"num_attention_heads", model.heads},
      {"num_key_value_heads", model.kv_heads},
      {"head_dim", model.width_of_head()},
      {"hidden_act", model.activation == MlpActivation::kGeGlu ? kTanhGelu : kSilu},
      {"attention_dropout", model.attention_dropout},
      {"rms_norm_eps", few_digits(model.epsilon)},
      {"rope_theta", model.theta},
      {"attention_bias", model.bias == BranchBias::kAttention || model.bias == BranchBias::kAll},
      {"mlp_bias", model.bias == BranchBias::kAll}};
  if (model.scaling.stretch != RotaryStretch::kNone) {
    config["rope_scaling"] = scaling_config(model.scaling);
  }
  if (model.rotary_width > 0) {
    config["partial_rotary_factor"] =
        static_cast<double>(model.rotary_width) / model.width_of_head();
  }
  return config;
}

// Rotary pairs are the same in both: the halves of a head.
std::vector<HfTensor> hf_blocks_tensors(const Decoder& model, const HfBlockTensors& how) {
  HfTensorList list;
  const std::int64_t C = model.width, hidden = model.mlp_width, D = model.width_of_head();
  const std::int64_t mixed = model.heads * D, kv = model.kv_heads * D;
  const bool all = model.bias == BranchBias::kAll;
  const auto norm = [&](const std::string& name, const std::string& own, std::int64_t width) {
    list.add(name + ".weight", weight_of(own), width).added = how.norm_added;
  };
  list.add("model.embed_tokens.weight", token_table_name(), model.vocabulary, C);
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = "model.layers." + std::to_string(i) + ".";
    const std::string attention = block + "self_attn.", mlp = block + "mlp.";
    const DecoderBlockNames own = names_of_block(model, i);
    norm(block + how.attention_norm, own.attention_norm, C);
    if (how.fused) {
      list.add_stacked_product({{attention + "qkv_proj", mixed + 2 * kv}}, own.qkv, C, false);
    } else {
      list.add_stacked_product(
          {{attention + "q_proj", mixed}, {attention + "k_proj", kv}, {attention + "v_proj", kv}},
          own.qkv, C, model.bias != BranchBias::kNone);
    }
    if (model.head_norms) {
      norm(attention + "q_norm", own.query_norm, D);
      norm(attention + "k_norm", own.key_norm, D);
    }
    list.add_stacked_product({{attention + "o_proj", C}}, own.projection, mixed,
                             all || model.bias == BranchBias::kAttention);
    if (how.norm_behind_attention != nullptr) {
      norm(block + how.norm_behind_attention, own.norm_behind_attention, C);
    }
    norm(block + how.mlp_norm, own.mlp_norm, C);
    if (how.fused) {
      list.add_stacked_product({{mlp + "gate_up_proj", 2 * hidden}}, own.up, C, false);
    } else {
      list.add_stacked_product({{mlp + "gate_proj", hidden}, {mlp + "up_proj", hidden}}, own.up, C,
                               all);
    }
    list.add_stacked_product({{mlp + "down_proj", C}}, own.down, hidden, all);
    if (how.norm_behind_mlp != nullptr) norm(block + how.norm_behind_mlp, own.norm_behind_mlp, C);
  }
  norm("model.norm", last_norm_name(model), C);
  return list.take();
}

}  // namespace pipetrain
