#include "exchange/hf_config.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "checkpoint/json_fields.h"

namespace pipetrain {
namespace {

using nlohmann::json;

// Reads keys; one that is absent or null has the default of Hugging Face's configuration classes.
class Fields {
 public:
  Fields(const json& config, const std::string& file) : config_(config), file_(file) {}

  [[noreturn]] void fail(const std::string& key, const std::string& expected) const {
    const json* found = find(key);
    fail_checkpoint(
        file_,
        key + (found == nullptr ? " is missing" : " is " + shortened(found->dump(-1, ' ', true))) +
            "; expected " + expected);
  }

  int size(const char* key, int otherwise = 0) const {
    const json* value = find(key);
    if (value == nullptr && otherwise > 0) return otherwise;
    const bool whole = value != nullptr && value->is_number_unsigned();
    constexpr int kMost = std::numeric_limits<int>::max();
    if (!whole || value->get<std::uint64_t>() < 1 || value->get<std::uint64_t>() > kMost) {
      fail(key, "a whole number from 1 to " + std::to_string(kMost));
    }
    return value->get<int>();
  }
  double number(const std::string& key, double otherwise, const char* expected,
                bool (*right)(double)) const {
    const json* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_number() || !right(value->get<double>())) fail(key, expected);
    return value->get<double>();
  }
  double positive(const std::string& key, double otherwise) const {
    return number(key, otherwise, "a number above 0",
                  [](double x) { return std::isfinite(x) && x > 0; });
  }
  float epsilon(const char* key, double otherwise) const {
    const auto value = static_cast<float>(positive(key, otherwise));
    if (!(value > 0)) fail(key, "a number that is not 0 in float32");
    return value;
  }
  double rate(const char* key, double otherwise) const {
    return number(key, otherwise, "a rate from 0 to below 1",
                  [](double x) { return x >= 0 && x < 1; });
  }
  bool flag(const char* key, bool otherwise) const {
    const json* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) fail(key, "true or false");
    return value->get<bool>();
  }
  std::string text(const char* key, const std::string& otherwise) const {
    const json* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_string()) fail(key, "a text");
    return value->get<std::string>();
  }
  void must_be(const char* key, bool expected) const {
    if (flag(key, expected) != expected) fail(key, expected ? "true" : "false");
  }
  Fields section(const char* key) const {  // empty if there is none
    static const json kNone = json::object();
    const json* value = find(key);
    if (value != nullptr && !value->is_object()) fail(key, "an object");
    return {value == nullptr ? kNone : *value, file_ + ": " + key};
  }
  bool has(const char* key) const { return find(key) != nullptr; }

 private:
  const json* find(const std::string& key) const {
    const auto found = config_.find(key);
    return found == config_.end() || found->is_null() ? nullptr : &*found;
  }

  const json& config_;
  std::string file_;
};

HfModel parse_gpt2(const Fields& fields) {
  HfModel model{.family = HfFamily::kGpt2,
                .depth = fields.size("n_layer"),
                .heads = fields.size("n_head"),
                .width = fields.size("n_embd"),
                .context = fields.size("n_positions"),
                .vocabulary = fields.size("vocab_size"),
                .epsilon = fields.epsilon("layer_norm_epsilon", 1e-5),
                .tied = fields.flag("tie_word_embeddings", true),
                .dropout = fields.rate("resid_pdrop", 0.1),
                .embedding_dropout = fields.rate("embd_pdrop", 0.1),
                .attention_dropout = fields.rate("attn_pdrop", 0.1)};
  model.kv_heads = model.heads;
  if (!fields.has("n_inner") && model.width > std::numeric_limits<int>::max() / 4) {
    fields.fail("n_embd", "a width whose fourfold is a number of 32 bits");
  }
  model.mlp_width = fields.has("n_inner") ? fields.size("n_inner") : 4 * model.width;
  const std::string activation = fields.text("activation_function", "gelu_new");
  model.relu = activation == "relu";
  if (!model.relu && activation != "gelu_new" && activation != "gelu_fast" &&
      activation != "gelu_pytorch_tanh") {
    fields.fail("activation_function", "gelu_new, gelu_fast, gelu_pytorch_tanh or relu");
  }
  fields.must_be("scale_attn_weights", true);
  fields.must_be("scale_attn_by_inverse_layer_idx", false);
  fields.must_be("add_cross_attention", false);
  return model;
}

// Newer files have them in rope_parameters, older ones theta at the top and the rest in
// rope_scaling.
double parse_rotary(const Fields& fields) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Fields rope = fields.section(key);
    for (const char* name : {"rope_type", "type"}) {
      if (rope.text(name, "default") != "default")
        rope.fail(name, "default: scaled positions are not known here");
    }
    if (rope.number("partial_rotary_factor", 1, "1", [](double x) { return x == 1; }) != 1) {
      rope.fail("partial_rotary_factor", "1");
    }
  }
  return fields.section("rope_parameters")
      .positive("rope_theta", fields.positive("rope_theta", 10000));
}

HfModel parse_llama(const Fields& fields) {
  HfModel model{.family = HfFamily::kLlama,
                .depth = fields.size("num_hidden_layers"),
                .heads = fields.size("num_attention_heads"),
                .width = fields.size("hidden_size"),
                .mlp_width = fields.size("intermediate_size"),
                .context = fields.size("max_position_embeddings", 2048),
                .vocabulary = fields.size("vocab_size"),
                .epsilon = fields.epsilon("rms_norm_eps", 1e-6),
                .tied = fields.flag("tie_word_embeddings", false),
                .attention_dropout = fields.rate("attention_dropout", 0),
                .theta = parse_rotary(fields)};
  model.kv_heads = fields.size("num_key_value_heads", model.heads);
  if (model.heads % model.kv_heads != 0) {
    fields.fail("num_key_value_heads", "a divisor of num_attention_heads");
  }
  const std::string activation = fields.text("hidden_act", "silu");
  if (activation != "silu" && activation != "swish") fields.fail("hidden_act", "silu");
  const int head_width = model.width / model.heads;
  if (head_width % 2 != 0) {
    fields.fail("hidden_size", "an even number of entries for each of num_attention_heads heads");
  }
  if (fields.has("head_dim") && fields.size("head_dim") != head_width) {
    fields.fail("head_dim", "hidden_size / num_attention_heads, " + std::to_string(head_width));
  }
  fields.must_be("attention_bias", false);
  fields.must_be("mlp_bias", false);
  return model;
}

// The number that is written with as few digits as the float32 needs.
double few_digits(float number) { return std::stod(fmt::format("{}", number)); }

nlohmann::ordered_json gpt2_config(const HfModel& model) {
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"vocab_size", model.vocabulary},
          {"n_positions", model.context},
          {"n_embd", model.width},
          {"n_layer", model.depth},
          {"n_head", model.heads},
          {"n_inner", model.mlp_width},
          {"activation_function", model.relu ? "relu" : "gelu_new"},
          {"layer_norm_epsilon", few_digits(model.epsilon)},
          {"embd_pdrop", model.embedding_dropout},
          {"attn_pdrop", model.attention_dropout},
          {"resid_pdrop", model.dropout}};
}

nlohmann::ordered_json llama_config(const HfModel& model) {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"vocab_size", model.vocabulary},
          {"max_position_embeddings", model.context},
          {"hidden_size", model.width},
          {"intermediate_size", model.mlp_width},
          {"num_hidden_layers", model.depth},
          {"num_attention_heads", model.heads},
          {"num_key_value_heads", model.kv_heads},
          {"head_dim", model.width / model.heads},
          {"hidden_act", "silu"},
          {"attention_dropout", model.attention_dropout},
          {"rms_norm_eps", few_digits(model.epsilon)},
          {"rope_theta", model.theta},
          {"attention_bias", false},
          {"mlp_bias", false}};
}

}  // namespace

nlohmann::ordered_json hf_config_of(const HfModel& model) {
  nlohmann::ordered_json config =
      model.family == HfFamily::kLlama ? llama_config(model) : gpt2_config(model);
  config["tie_word_embeddings"] = model.tied;
  // Their defaults are tokens of vocabularies that these models need not have.
  config["bos_token_id"] = nullptr;
  config["eos_token_id"] = nullptr;
  config["torch_dtype"] = "float32";
  return config;
}

HfModel parse_hf_config(const json& config, const std::string& file) {
  if (!config.is_object()) fail_checkpoint(file, "is not a JSON object");
  const Fields fields(config, file);
  const std::string type = fields.text("model_type", "");
  if (type != "gpt2" && type != "llama") fields.fail("model_type", "gpt2 or llama");
  if (fields.has("quantization_config")) {
    fail_checkpoint(file, "the weights are quantized; expected float32, bfloat16 or float16");
  }
  const HfModel model = type == "llama" ? parse_llama(fields) : parse_gpt2(fields);
  if (model.width % model.heads != 0) {
    fields.fail(type == "llama" ? "num_attention_heads" : "n_head",
                "a divisor of the width, " + std::to_string(model.width));
  }
  return model;
}

}  // namespace pipetrain
