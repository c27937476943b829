// GPipe (Huang et al. 2019, section 2.3): all forwards, then all backwards.
#include <cstddef>
#include <vector>

#include "schedule/generate/generate.h"
#include "schedule/generate/schedule_kind.h"
#include "schedule/generate/slices.h"

namespace pipetrain::generators {

// A cell is a unit of time, a B takes one too. generate("gpipe", 2, 1, 3):
//   F0 F1 F2       B0 B1 B2
//      F0 F1 F2 B0 B1 B2
// Microbatches in slices (of which TeraPipe, Li et al., arXiv:2102.07988, runs one microbatch's
// so). generate("gpipe", 2, 1, 1, 3):
//   F0   F0.1 F0.2           B0.2 B0.1 B0
//        F0   F0.1 F0.2 B0.2 B0.1 B0
RankActions gpipe(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int count = sizes.microbatches * sizes.slices;
    for (int i = 0; i < count; ++i) actions.push_back(forward_of(rank, i, sizes.slices));
    for (int i = 0; i < count; ++i) actions.push_back(backward_of(rank, i, sizes.slices));
  }
  return all;
}

// The same of stages that are placed in any way: backwards come in the order of forwards, from the
// last stage down.
RankActions gpipe_on(const Placement& placement, int microbatches) {
  RankActions all = generate_forward_only(placement, microbatches).ranks;
  for (int rank = 0; rank < placement.rank_count(); ++rank) {
    std::vector<Action>& actions = all[static_cast<std::size_t>(rank)];
    const std::vector<int>& stages = placement.stages_of(rank);  // ascending
    const auto delay = [&](int stage) { return stages.back() - stage; };
    for (int round = 0; round < microbatches + delay(stages.front()); ++round) {
      for (const int stage : stages) {
        const int m = round - delay(stage);
        if (m >= 0 && m < microbatches) actions.push_back({Op::kBackward, stage, m});
      }
    }
  }
  return all;
}

}  // namespace pipetrain::generators
