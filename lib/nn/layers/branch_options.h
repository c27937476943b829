// Options that attention and MLP share: each is a branch beside the residual stream. What they do
// is in branch.h.
#pragma once

#include <cstdint>

#include "base/table.h"
#include "nn/layer_option.h"

namespace pipetrain {

enum class BranchBias : std::uint8_t { kAll, kNone, kQkv, kAttention };

inline constexpr Choice<BranchBias> kBranchBiases[] = {
    {BranchBias::kAll, "true", "All of them."},
    {BranchBias::kNone, "false", "None."},
    {BranchBias::kQkv, "qkv", "That of queries, keys and values alone."},
    {BranchBias::kAttention, "attention", "Those of the attention, not of the MLP."},
};

inline constexpr RateOption kBranchDropout{"dropout", "Rate at which what is added is dropped.", 0};
inline constexpr ChoiceOption<BranchBias> kBranchBias{
    "bias", "Of the products and of the layer norm.", kBranchBiases, BranchBias::kAll};
inline constexpr FlagOption kNormBehind{"norm_behind",
                                        "A second norm of the same kind, of what is added.", false},
    kBranchResidual{"residual", "What the layer makes is added to its input.", true};

}  // namespace pipetrain
