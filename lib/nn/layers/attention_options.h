// The options of self-attention, declared and read. It must not know how it computes.
#pragma once

#include <cstdint>
#include <memory>

#include "base/table.h"
#include "nn/layer_options.h"
#include "nn/layers/branch.h"
#include "nn/norm.h"
#include "nn/starting_values.h"
#include "ops/rotary.h"

namespace pipetrain {

struct AttentionOptions {
  std::int64_t heads = 1;
  std::int64_t kv_heads = 0;    // heads of keys and values, G, which divide `heads`; 0: as many
  std::int64_t head_width = 0;  // D; 0: C / heads
  bool causal = true;
  std::int64_t window = 0;     // keys that a query sees, itself the last; 0: all before it
  float score_width = 0;       // scores are divided by its root; 0: D
  float score_cap = 0;         // 0: none
  bool head_norms = false;     // RMS norms of each head of queries and keys, before they are turned
  double dropout = 0;          // rate, of what is added to x
  double weights_dropout = 0;  // of the attention's weights
  NormKind norm = NormKind::kLayer;
  float epsilon = kNormEpsilon;  // of the norms
  bool bias = true;              // of the norm and of the products
  bool qkv_bias = false;         // of the first product also where the others have none
  bool norm_behind = false, residual = true;  // as of a Branch
  std::shared_ptr<const RotaryTable> rotary;  // for at least the row's tokens; null: no rotation
  Start qkv, projection;
  TensorPlace place;  // its size divides heads and kv_heads
};

enum class PositionKind : std::uint8_t { kLearned, kRotary };

inline constexpr Choice<PositionKind> kPositionKinds[] = {
    {PositionKind::kLearned, "learned", "Those that the embedding adds."},
    {PositionKind::kRotary, "rotary",
     "Queries and keys are turned by their positions; the embedding then takes `positions: none`."},
};

inline constexpr Choice<RotaryStretch> kRotaryStretches[] = {
    {RotaryStretch::kNone, "none", "As `theta` has them."},
    {RotaryStretch::kLinear, "linear", "All divided by `rotary_factor`."},
    {RotaryStretch::kLlama3, "llama3",
     "Those divided that turn round less than `rotary_low` times in `rotary_context` tokens, and, "
     "the less the more they turn, those that do up to `rotary_high` times."},
};

// Options that a decoder is written with, too.
inline constexpr SizeOption kHeadWidthOption{
    .name = "head_width", .meaning = "Entries of a head.", .follows = "width / `heads`"},
    kWindowOption{.name = "window",
                  .meaning = "Tokens that a token sees: itself and those right before it.",
                  .follows = "all of them"},
    kRotaryWidthOption{.name = "rotary_width",
                       .meaning = "Entries of a head that rotary positions turn, the first ones.",
                       .follows = "`head_width`"};
inline constexpr NumberOption kScoreWidthOption{"score_width", "Scores are divided by its root.", 0,
                                                "`head_width`"},
    kScoreCapOption{"score_cap", "Scores s become c tanh(s / c) for this c.", 0, "none"};
inline constexpr FlagOption kHeadNormsOption{
    "head_norms", "An RMS norm of each head of queries and of keys.", false};
inline constexpr RateOption kWeightsDropoutOption{
    .name = "attention_dropout",
    .meaning = "Rate at which the attention's weights are dropped.",
    .follows = "`dropout`"};
inline constexpr ChoiceOption<PositionKind> kPositionsOption{
    "positions", "How places differ.", kPositionKinds, PositionKind::kLearned};
inline constexpr NumberOption kThetaOption{"theta", "Base of the rotary angles.", 10000};
inline constexpr ChoiceOption<RotaryStretch> kStretchOption{
    "rotary_scaling", "Smaller rotary angles, for more tokens than a model was made with.",
    kRotaryStretches, RotaryStretch::kNone};
inline constexpr NumberOption kRotaryFactorOption{"rotary_factor",
                                                  "What scaled rotary angles are divided by.", 1},
    kRotaryLowOption{"rotary_low", "Of `rotary_scaling: llama3`.", 1},
    kRotaryHighOption{"rotary_high", "Of `rotary_scaling: llama3`.", 4},
    kRotaryContextOption{"rotary_context", "Of `rotary_scaling: llama3`.", 8192};

// row (T, C). `rotary` is the table of the layers before, which is taken if it serves, else
// replaced. Error(kConfiguration) for what does not fit.
AttentionOptions read_attention(LayerOptions& options, const Shape& row, const Starts& starts,
                                std::shared_ptr<const RotaryTable>& rotary);

}  // namespace pipetrain
