// The search: which candidates there are, which of them fit into memory, and which is fastest. Pure
// and deterministic; it must not know how costs were measured or what runs a plan.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/predict.h"
#include "schedule/choose/placement_choice.h"

namespace pipetrain {

struct PlanRequest {
  int ranks = 1;
  std::int64_t memory_bytes = 0;  // that a rank may take, its process included
  Candidate configured;           // what the configuration says; other schedules get its sizes, too
  // Its schedule; without ranks if that is to be searched for (auto); none if the configuration
  // does not go with this number of ranks.
  std::optional<Schedule> configured_schedule;
  bool pieces = false;        // the vocabulary may be over the pipeline
  std::vector<int> slices;    // of sequences, to weigh beside whole ones
  PlacementChoice placement;  // of the configuration's own schedule
  // What is weighed beside the configuration's own: a precision changes the results.
  std::vector<DType> precisions;
  // What links the ranks, and their speeds, if they are told rather than measured.
  std::shared_ptr<const Network> network;
  double live_microbatches = 0;  // the limit for auto, as AutoOptions has it
  double effort = 2e7;           // actions simulated in the search: a few seconds
};

struct PlanResult {
  std::vector<Plan> plans;         // that fit, best first: every one that was predicted
  std::optional<Plan> configured;  // whether it fits or not
  Plan least_memory;               // if nothing fits: the candidate that needs least
  int candidates = 0;              // that exist
  int beyond_memory = 0;           // that do not fit
  int slower = 0;       // not simulated: their ranks are busy for longer than the best plans' steps
  int not_reached = 0;  // not looked at for lack of effort
};

PlanResult search_plans(const PlanInputs& inputs, const PlanRequest& request);

// Of the plans, of which there is one at least: the best of a single pipeline over all ranks in the
// first one's precision; the first if there is none.
const Plan& best_pipeline(const PlanResult& result, int ranks);

// Why the first plan is the first, in one sentence.
std::string reason(const PlanResult& result, int ranks);

}  // namespace pipetrain
