// Where the stages of a rank get their inputs and send their results. Plain data; it must not know
// what is sent.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

#include "schedule/embedding_actions.h"
#include "schedule/placement.h"
#include "schedule/vocabulary_place.h"

namespace pipetrain {

struct StageRoute {
  int copy = 0;                // of the stage, that this rank has
  int below = -1, above = -1;  // ranks of the stages around it in this copy; -1: there is none
};

// The pieces of a vocabulary over the pipeline, as ranks.
struct VocabularyRanks {
  std::vector<int> pieces;  // in the order of places; empty: the vocabulary is whole
  int last_stage = 0;       // its number
  int last_rank = -1;       // who has it
  // The pieces of the embedding's table, in embedding_chain()'s order; empty: it is whole.
  std::vector<int> chain = {};
  bool waits_twice = false;  // Schedule::has_two_barriers()
};

struct RankRoutes {
  std::vector<StageRoute> stages;  // of the rank, in ascending order
  double stages_per_rank = 1;      // the mean, of one copy
  VocabularyRanks vocabulary = {};
};

// Of a rank of a pipeline whose ranks are numbered as the placement's. `embedding`: its table is
// over the pipeline, too.
inline RankRoutes routes_on(const Placement& placement, int rank,
                            VocabularyPlace vocabulary = VocabularyPlace::kWhole,
                            bool embedding = false) {
  RankRoutes routes;
  const int count = placement.stage_count();
  for (const int stage : placement.stages_of(rank)) {
    const int copy = placement.copy_on(rank, stage);
    routes.stages.push_back({.copy = copy,
                             .below = stage > 0 ? placement.rank_of(stage - 1, copy) : -1,
                             .above = stage + 1 < count ? placement.rank_of(stage + 1, copy) : -1});
  }
  routes.stages_per_rank = static_cast<double>(count) / placement.rank_count();
  if (!is_over_pipeline(vocabulary)) return routes;
  routes.vocabulary.pieces.resize(static_cast<std::size_t>(placement.rank_count()));
  std::iota(routes.vocabulary.pieces.begin(), routes.vocabulary.pieces.end(), 0);
  routes.vocabulary.last_stage = count - 1;
  routes.vocabulary.last_rank = placement.rank_of(count - 1);
  routes.vocabulary.waits_twice = vocabulary == VocabularyPlace::kVocab1;
  if (embedding) routes.vocabulary.chain = embedding_chain(placement);
  return routes;
}

}  // namespace pipetrain
