// Grouped interleaving: several stages per rank take groups of p microbatches in turn, and the rest
// of them in one of at least p/2: any number of microbatches, in less memory than interleaved (Wan
// et al. 2025, "PipeOffload", arXiv 2503.01328; Megatron's microbatch_group_size_per_vp_stage).
#include <algorithm>
#include <cstddef>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {
namespace {

// The first microbatch of each group, and the end. What is left over joins the last group where it
// is too little for one of its own: a lap of fewer than p/2 would wait for the lap before.
std::vector<int> bounds_of(const ScheduleSizes& sizes) {
  std::vector<int> bounds{0};
  while (bounds.back() < sizes.microbatches) {
    int end = std::min(bounds.back() + sizes.ranks, sizes.microbatches);
    if (2 * (sizes.microbatches - end) < sizes.ranks) end = sizes.microbatches;
    bounds.push_back(end);
  }
  return bounds;
}

}  // namespace

// A forward takes the slot 2 k + r, k counting a rank's forwards, and a backward one between two of
// them; a lap of a group of g lasts for 2 g >= p slots, so its first result meets a rank that is
// ready for it. The first backward follows (v-1) g + p-1-r forwards of the largest group.
// generate("grouped", 2, 2, 3):
//   0F0 0F1 2F0 2F1     2B0 0F2 2B1 2F2 0B0     0B1 2B2     0B2
//       1F0 1F1 3F0 3B0 3F1 3B1 1F2 1B0 3F2 1B1 3B2     1B2
RankActions grouped(const ScheduleSizes& sizes) {
  const int laps = sizes.virtual_stages, total = laps * sizes.microbatches;
  const std::vector<int> bounds = bounds_of(sizes);
  std::vector<int> lap_of, microbatch_of;
  int largest = 0;
  for (std::size_t g = 1; g < bounds.size(); ++g) {
    largest = std::max(largest, bounds[g] - bounds[g - 1]);
    for (int lap = 0; lap < laps; ++lap) {
      for (int m = bounds[g - 1]; m < bounds[g]; ++m) {
        lap_of.push_back(lap);
        microbatch_of.push_back(m);
      }
    }
  }
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const auto add = [&](Op op, int k) {
      const auto at = static_cast<std::size_t>(k);
      const int lap = op == Op::kForward ? lap_of[at] : laps - 1 - lap_of[at];
      actions.push_back({op, lap * sizes.ranks + rank, microbatch_of[at]});
    };
    const int warmup = std::min((laps - 1) * largest + sizes.ranks - 1 - rank, total);
    for (int k = 0; k < total + warmup; ++k) {
      if (k < total) add(Op::kForward, k);
      if (k >= warmup) add(Op::kBackward, k - warmup);
    }
  }
  return all;
}

}  // namespace pipetrain::generators
