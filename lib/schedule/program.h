// What the ranks execute, made from a schedule: recomputing, messages and the gathering of sharded
// weights come together here and nowhere else, so that a plan's, a forecast's, an emulation's and a
// run's lists are the same. Pure; it must not know who reads it.
#pragma once

#include <cstddef>
#include <vector>

#include "schedule/memory_choices.h"
#include "schedule/message_bounds.h"
#include "schedule/schedule.h"

namespace pipetrain {

// What a step does beside F, I and W.
struct Features {
  std::vector<bool> recomputes;    // per stage; empty: none does
  bool shards_parameters = false;  // replicas share out the weights: a rank gathers them for use
  bool cuts_embedding = false;     // each rank looks up its rows of the embedding's table
};

struct Program {
  Schedule actions;  // of every rank, in the order in which it executes them

  const std::vector<Action>& of_rank(std::size_t place) const { return actions.ranks[place]; }
  // Per rank, the most of its sends that can be under way at once.
  std::vector<MessageBound> message_bounds() const { return max_outstanding_sends(actions); }
};

// A schedule's compute actions and what `features` add, in this order: R stands where
// add_recompute() puts it; lower() parts B and adds messages and reductions; then
// add_shard_actions() puts each gather right before the action that needs it, and
// add_embedding_actions() what belongs to pieces of the embedding. A forward-only schedule makes
// the program of an evaluation.
Program program_of(const Schedule& schedule, const Features& features);

// Per stage, whether any of its layers is recomputed as a whole. `first_layers` of each stage.
std::vector<bool> recomputing_stages(const RecomputedLayers& recomputed_layers,
                                     const std::vector<int>& first_layers);

}  // namespace pipetrain
