#include <vector>

#include "schedule/generate/generate.h"

namespace pipetrain {
namespace {

// Groups of p microbatches go down the ranks lap after lap, so that a lap's first result meets an
// idle first rank. The last group takes what is left over as well: alone, fewer than p would leave
// ranks idle in each lap. p=2, v=2, M=3:
//   0F0 0F1 0F2 2F0 2F1 2F2
//       1F0 1F1 1F2 3F0 3F1 3F2
void loop_forwards(Schedule& schedule) {
  const int ranks = schedule.placement.rank_count(), microbatches = schedule.microbatches;
  const int laps = schedule.virtual_stages();
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    for (int group = 0, group_end; group < microbatches; group = group_end) {
      const bool last = microbatches - group < 2 * ranks;
      group_end = last ? microbatches : group + ranks;
      for (int lap = 0; lap < laps; ++lap) {
        for (int m = group; m < group_end; ++m) {
          actions.push_back({Op::kForward, lap * ranks + rank, m});
        }
      }
    }
  }
}

// Stages placed in any other way. A rank runs ahead on a lower stage for as long as the first
// microbatch needs to come back to it, then takes its stages in turn, the highest first: all ranks
// go by microbatch plus stage, so what an action needs comes before it. S=4 on 2 ranks, M=4 (stages
// 0 and 3, stages 1 and 2):
//   0F0 0F1 0F2 3F0 0F3 3F1     3F2     3F3
//       1F0 2F0 1F1 2F1 1F2 2F2 1F3 2F3
// The pieces of a vocabulary over the pipeline follow as one more stage, which all ranks have. S=2
// on 2 ranks, M=2:
//   0F0 0F1 0S0 0S1
//       1F0 1S0 1F1 1S1
void forwards_in_turn(Schedule& schedule) {
  for (int rank = 0; rank < schedule.placement.rank_count(); ++rank) {
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    const std::vector<int>& stages = schedule.placement.stages_of(rank);   // ascending
    const auto delay = [&](int stage) { return stage - stages.front(); };  // in microbatches
    const int piece_delay = delay(schedule.stage_count());
    const int rounds =
        schedule.microbatches + (schedule.cuts_vocabulary() ? piece_delay : delay(stages.back()));
    for (int round = 0; round < rounds; ++round) {
      const int complete = round - piece_delay;
      if (schedule.cuts_vocabulary() && complete >= 0) {
        actions.push_back({Op::kVocabularyForward, rank, complete});
      }
      for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
        const int m = round - delay(*stage);
        if (m >= 0 && m < schedule.microbatches) actions.push_back({Op::kForward, *stage, m});
      }
    }
  }
}

// A rank ends one stage before it begins the next. S=4 on 2 ranks in a V, M=2:
//   0F0 0F1         3F0 3F1
//       1F0 1F1 2F0 2F1
void forwards_by_stage(Schedule& schedule) {
  for (int rank = 0; rank < schedule.placement.rank_count(); ++rank) {
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    for (const int stage : schedule.placement.stages_of(rank)) {
      for (int m = 0; m < schedule.microbatches; ++m) {
        actions.push_back({Op::kForward, stage, m});
      }
    }
  }
}

}  // namespace

Schedule generate_forward_only(const Placement& placement, int microbatches, bool stage_by_stage,
                               VocabularyPlace vocabulary) {
  Schedule schedule{placement, microbatches, {}, /*slices=*/1, vocabulary};
  if (stage_by_stage) {
    forwards_by_stage(schedule);
  } else if (!schedule.cuts_vocabulary() &&
             placement == Placement::loop(placement.rank_count(), placement.most_stages())) {
    loop_forwards(schedule);
  } else {
    forwards_in_turn(schedule);
  }
  return schedule;
}

}  // namespace pipetrain
