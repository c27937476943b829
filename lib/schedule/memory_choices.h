// The two ways to need less memory for a price: activations that are made again, and what replicas
// share out instead of keeping it each. It must not know how either is done.
#pragma once

#include <cstdint>

#include "base/table.h"

namespace pipetrain {

// The layers whose forward runs again in the backward pass; their activations are not kept.
enum class Recompute : std::uint8_t { kNone, kFull, kAttention, kList };

inline constexpr Choice<Recompute> kRecomputes[] = {
    {Recompute::kNone, "none", "All layers keep their activations."},
    {Recompute::kFull, "full", "Every layer is computed again."},
    {Recompute::kAttention, "attention", "The attention layers are computed again."},
    {Recompute::kList, "list", "The listed layers are computed again."},
};

// What each replica keeps only its share of.
enum class Shard : std::uint8_t { kNone, kOptimizer, kParameters };

inline constexpr Choice<Shard> kShards[] = {
    {Shard::kNone, "none", "Each replica keeps everything."},
    {Shard::kOptimizer, "optimizer", "Replicas share out the optimizer's state."},
    {Shard::kParameters, "parameters",
     "Replicas share out weights and gradients, too, and gather a stage's weights to use them."},
};

}  // namespace pipetrain
