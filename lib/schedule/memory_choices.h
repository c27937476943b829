// The two ways to need less memory for a price: activations that are made again, and what replicas
// share out instead of keeping it each. It must not know how either is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/table.h"

namespace pipetrain {

// What is made again in the backward pass instead of being kept, from less to more.
enum class Recompute : std::uint8_t { kNone, kCheap, kSelective, kAttention, kFull, kList };

inline constexpr Choice<Recompute> kRecomputes[] = {
    {Recompute::kNone, "none", "All layers keep their activations."},
    {Recompute::kCheap, "cheap", "Parts of layers that cost under 2% of a step."},
    {Recompute::kSelective, "selective", "All parts that layers can make again by themselves."},
    {Recompute::kAttention, "attention", "The attention layers are computed again."},
    {Recompute::kFull, "full", "Every layer is computed again."},
    {Recompute::kList, "list", "The listed layers, or parts of layers, are computed again."},
};

// What of one layer is made again.
struct Recomputed {
  bool whole = false;       // its forward runs again, from its input
  std::uint32_t parts = 0;  // or it keeps less: a bit for each of its parts that it makes again

  bool has(std::size_t part) const { return ((parts >> part) & 1U) != 0; }
  friend bool operator==(const Recomputed&, const Recomputed&) = default;
};
using RecomputedLayers = std::vector<Recomputed>;  // of a model or a stage, one per layer

// What each replica keeps only its share of.
enum class Shard : std::uint8_t { kNone, kOptimizer, kParameters };

inline constexpr Choice<Shard> kShards[] = {
    {Shard::kNone, "none", "Each replica keeps everything."},
    {Shard::kOptimizer, "optimizer", "Replicas share out the optimizer's state."},
    {Shard::kParameters, "parameters",
     "Replicas share out weights and gradients, too, and gather a stage's weights to use them."},
};

}  // namespace pipetrain
