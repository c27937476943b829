// Breadth-first (Lamy-Poirier 2022, section 3): each stage takes all microbatches before the next
// lap.
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

// Stages may stand anywhere: those below a stage come before it on their ranks, too.
RankActions looped_breadth_first_on(const Placement& placement, int microbatches) {
  RankActions all;
  for (int rank = 0; rank < placement.rank_count(); ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const std::vector<int>& stages = placement.stages_of(rank);  // ascending
    for (const int stage : stages) {
      for (int m = 0; m < microbatches; ++m) actions.push_back({Op::kForward, stage, m});
    }
    for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
      for (int m = microbatches - 1; m >= 0; --m) actions.push_back({Op::kBackward, *stage, m});
    }
  }
  return all;
}

// generate("looped-bfs", 2, 2, 2):
//   0F0 0F1 2F0 2F1         2B1 2B0 0B1 0B0
//       1F0 1F1 3F0 3F1 3B1 3B0 1B1 1B0
RankActions looped_breadth_first(const ScheduleSizes& sizes) {
  return looped_breadth_first_on(Placement::loop(sizes.ranks, sizes.virtual_stages),
                                 sizes.microbatches);
}

}  // namespace pipetrain::generators
