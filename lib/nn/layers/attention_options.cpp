#include "nn/layers/attention_options.h"

#include <cstdint>
#include <string>
#include <vector>

#include "nn/layers/branch_options.h"

namespace pipetrain {
namespace {

constexpr SizeOption kHeads{"heads", "Query heads; they divide the width."},
    kKvHeads{.name = "kv_heads",
             .meaning = "Heads of keys and values; they divide `heads`.",
             .follows = "`heads`"};
constexpr FlagOption kCausal{"causal", "A token sees only itself and those before it.", true};

constexpr std::int64_t kMostRotaryEntries = std::int64_t{1} << 27;  // 512 MiB

RotaryScaling read_scaling(LayerOptions& options) {
  const RotaryScaling made{options.read(kStretchOption), options.read(kRotaryFactorOption),
                           options.read(kRotaryLowOption), options.read(kRotaryHighOption),
                           options.read(kRotaryContextOption)};
  if (made.stretch == RotaryStretch::kLlama3 && made.low >= made.high) {
    options.fail("rotary_low is not below rotary_high");
  }
  // What does not count is no difference.
  if (made.stretch == RotaryStretch::kNone) return {};
  if (made.stretch == RotaryStretch::kLinear) return {made.stretch, made.factor};
  return made;
}

// Options that only rotary positions have.
void refuse_without_rotary(const LayerOptions& options) {
  for (const char* name : {kThetaOption.name, kRotaryWidthOption.name, kStretchOption.name}) {
    if (options.has(name)) {
      options.fail(name + std::string(" is of rotary positions; add positions: rotary"));
    }
  }
}

std::shared_ptr<const RotaryTable> read_positions(
    LayerOptions& options, const Shape& row, std::int64_t heads, std::int64_t head_width,
    const std::shared_ptr<const RotaryTable>& before) {
  const bool rotary = options.read(kPositionsOption) == PositionKind::kRotary;
  const double theta = options.read(kThetaOption);
  const std::int64_t width = options.read(kRotaryWidthOption, head_width);
  const RotaryScaling scaling = read_scaling(options);
  if (!rotary) {
    refuse_without_rotary(options);
    return nullptr;
  }
  if (width % 2 != 0) {
    options.fail("positions: rotary turns pairs, but a head has " + std::to_string(width) +
                 " entries (width " + std::to_string(row[1]) + " / heads " + std::to_string(heads) +
                 "); expected an even number");
  }
  if (width > head_width) {
    options.fail("rotary_width " + std::to_string(width) + " is more than a head's " +
                 std::to_string(head_width) + " entries");
  }
  if (row[0] > kMostRotaryEntries / width) {
    options.fail("positions: rotary of " + std::to_string(row[0]) + " tokens x " +
                 std::to_string(width) + " entries a head take a table of more than " +
                 std::to_string(kMostRotaryEntries) + " numbers; lower data.sequence_length");
  }
  const RotaryAngles angles{row[0], width, theta, scaling};
  const bool serves = before != nullptr && before->angles() == angles;
  return serves ? before : std::make_shared<RotaryTable>(angles);
}

}  // namespace

AttentionOptions read_attention(LayerOptions& options, const Shape& row, const Starts& starts,
                                std::shared_ptr<const RotaryTable>& rotary) {
  AttentionOptions made;
  made.heads = options.read(kHeads);
  made.kv_heads = options.read(kKvHeads, made.heads);
  made.causal = options.read(kCausal);
  made.window = options.has(kWindowOption.name) ? options.read(kWindowOption) : 0;
  made.score_width = static_cast<float>(options.read(kScoreWidthOption));
  made.score_cap = static_cast<float>(options.read(kScoreCapOption));
  made.head_norms = options.read(kHeadNormsOption);
  made.dropout = options.read(kBranchDropout);
  made.weights_dropout = options.read(kWeightsDropoutOption, made.dropout);
  made.norm = read_norm(options);
  made.epsilon = read_epsilon(options);
  const BranchBias bias = options.read(kBranchBias);
  made.bias = bias == BranchBias::kAll || bias == BranchBias::kAttention;
  made.qkv_bias = bias != BranchBias::kNone;
  made.norm_behind = read_norm_behind(options, made.norm);
  made.residual = options.read(kBranchResidual);
  if (made.window > 0 && !made.causal) options.fail("window is of causal attention");
  if (options.has(kHeadWidthOption.name)) {
    made.head_width = options.read(kHeadWidthOption);
  } else if (row[1] % made.heads != 0) {
    options.fail("heads " + std::to_string(made.heads) + " do not divide the width " +
                 std::to_string(row[1]));
  }
  if (made.heads % made.kv_heads != 0) {
    options.fail("kv_heads " + std::to_string(made.kv_heads) + " do not divide the heads " +
                 std::to_string(made.heads));
  }
  if (made.head_width == 0) made.head_width = row[1] / made.heads;
  const std::int64_t mixed = made.heads * made.head_width;
  made.qkv = starts.of(ModelPart::kQkv, row[1], mixed + 2 * made.kv_heads * made.head_width);
  made.projection = starts.of(ModelPart::kProjection, mixed, row[1]);
  made.rotary = read_positions(options, row, made.heads, made.head_width, rotary);
  if (made.rotary != nullptr) rotary = made.rotary;
  return made;
}

std::vector<LayerOption> attention_options() {
  return {kHeads,
          kKvHeads,
          kHeadWidthOption,
          kCausal,
          kWindowOption,
          kScoreWidthOption,
          kScoreCapOption,
          kHeadNormsOption,
          kBranchDropout,
          kWeightsDropoutOption,
          kNormOption,
          kEpsilonOption,
          kNormBehind,
          kBranchResidual,
          kBranchBias,
          kPositionsOption,
          kThetaOption,
          kRotaryWidthOption,
          kStretchOption,
          kRotaryFactorOption,
          kRotaryLowOption,
          kRotaryHighOption,
          kRotaryContextOption};
}

}  // namespace pipetrain
