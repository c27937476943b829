#include "nn/transformer_options.h"

#include <cstdint>
#include <memory>
#include <string>

namespace pipetrain {
namespace {

constexpr std::int64_t kMostRotaryEntries = std::int64_t{1} << 27;  // 512 MiB

NormKind read_norm(LayerOptions& options) {
  const bool rms = options.word("norm", "layer_norm", {"layer_norm", "rms_norm"}) == "rms_norm";
  return rms ? NormKind::kRms : NormKind::kLayer;
}

std::shared_ptr<const RotaryTable> read_positions(
    LayerOptions& options, const Shape& row, std::int64_t heads,
    const std::shared_ptr<const RotaryTable>& before) {
  const bool rotary = options.word("positions", "learned", {"learned", "rotary"}) == "rotary";
  const double theta = options.positive_number("theta", 10000);
  if (!rotary) {
    if (options.has("theta")) options.fail("theta is of rotary positions; add positions: rotary");
    return nullptr;
  }
  const std::int64_t head_width = row[1] / heads;
  if (head_width % 2 != 0) {
    options.fail("positions: rotary turns pairs, but a head has " + std::to_string(head_width) +
                 " entries (width " + std::to_string(row[1]) + " / heads " + std::to_string(heads) +
                 "); expected an even number");
  }
  if (row[0] > kMostRotaryEntries / head_width) {
    options.fail("positions: rotary of " + std::to_string(row[0]) + " tokens x " +
                 std::to_string(head_width) + " entries a head take a table of more than " +
                 std::to_string(kMostRotaryEntries) + " numbers; lower data.sequence_length");
  }
  const bool serves = before != nullptr && before->tokens() == row[0] &&
                      before->half() == head_width / 2 && before->theta() == theta;
  return serves ? before : std::make_shared<RotaryTable>(row[0], head_width, theta);
}

}  // namespace

float read_epsilon(LayerOptions& options) {
  return static_cast<float>(options.positive_number("epsilon", kNormEpsilon));
}

AttentionOptions read_attention(LayerOptions& options, const Shape& row, const Starts& starts,
                                std::shared_ptr<const RotaryTable>& rotary) {
  AttentionOptions made;
  made.heads = options.size("heads", 0);
  made.kv_heads = options.size("kv_heads", made.heads);
  made.causal = options.flag("causal", true);
  made.dropout = options.fraction("dropout", 0);
  made.weights_dropout = options.fraction("attention_dropout", made.dropout);
  made.norm = read_norm(options);
  made.epsilon = read_epsilon(options);
  made.bias = options.flag("bias", true);
  if (row[1] % made.heads != 0) {
    options.fail("heads " + std::to_string(made.heads) + " do not divide the width " +
                 std::to_string(row[1]));
  }
  if (made.heads % made.kv_heads != 0) {
    options.fail("kv_heads " + std::to_string(made.kv_heads) + " do not divide the heads " +
                 std::to_string(made.heads));
  }
  const std::int64_t kv_width = row[1] / made.heads * made.kv_heads;
  made.qkv = starts.of(ModelPart::kQkv, row[1], row[1] + 2 * kv_width);
  made.projection = starts.of(ModelPart::kProjection, row[1], row[1]);
  made.rotary = read_positions(options, row, made.heads, rotary);
  if (made.rotary != nullptr) rotary = made.rotary;
  return made;
}

MlpOptions read_mlp(LayerOptions& options, const Shape& row, const Starts& starts) {
  MlpOptions made;
  if (options.has("mlp_ratio") && options.has("mlp_width")) {
    options.fail("mlp_ratio and mlp_width are both given; expected one of them");
  }
  made.hidden = options.size("mlp_width", options.size("mlp_ratio", 4) * row[1]);
  const std::string activation = options.word("activation", "gelu", {"gelu", "relu", "swiglu"});
  made.activation = activation == "gelu"   ? MlpActivation::kGelu
                    : activation == "relu" ? MlpActivation::kRelu
                                           : MlpActivation::kSwiGlu;
  made.dropout = options.fraction("dropout", 0);
  made.norm = read_norm(options);
  made.epsilon = read_epsilon(options);
  made.bias = options.flag("bias", true);
  made.up = starts.of(ModelPart::kUp, row[1], made.hidden);
  made.down = starts.of(ModelPart::kDown, made.hidden, row[1]);
  return made;
}

}  // namespace pipetrain
