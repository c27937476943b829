// How many parameters each rank has, and which of them are tied to another rank's. Pure; it must
// not know what they take in memory.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

#include "plan/profile.h"
#include "schedule/schedule.h"

namespace pipetrain {

// A tied parameter whose uses are on two ranks, which send each other its gradient.
struct ExchangedParameter {
  std::int64_t elements = 0;
  bool earlier = false;            // whether the first use is here
  std::int64_t row_elements = 0;   // where that is a look-up: of a row of the table
  std::int64_t ids_per_input = 0;  // and how many rows one of a batch touches at most

  // What the rank of the first use sends: rows that were touched, and numbers of as many; or all
  // of its share.
  std::int64_t touched_rows(std::int64_t batch_rows, int replicas) const;
  std::int64_t earlier_bytes(std::int64_t batch_rows, int replicas) const;
};

// Of buckets of gradients that are reduced at the same time.
struct BucketRooms {
  std::int64_t elements = 0;  // of the largest
  int count = 0;
};

// In elements.
struct RankParameters {
  std::vector<std::int64_t> stage_elements;     // of each of its stages' flat parameters
  std::vector<std::int64_t> stage_buffers;      // of each of its stages' flat buffers
  std::vector<std::int64_t> layers;             // all that each layer here uses
  std::vector<std::int64_t> earlier_gradients;  // tied parameters whose first use is here
  std::vector<ExchangedParameter> exchanged;    // tied parameters whose other use is elsewhere

  std::int64_t elements() const {
    return std::accumulate(stage_elements.begin(), stage_elements.end(), std::int64_t{0});
  }
  // What reduce-scatters that are under way at once are received in. No bucket of weights that are
  // sharded spans layers.
  BucketRooms bucket_rooms(bool sharded) const;
};

// Of every rank; a stage of two copies counts on both of its ranks, and a tied parameter counts on
// each rank that uses it, and if weights are sharded in each stage.
std::vector<RankParameters> rank_parameters(const ModelProfile& model, const Schedule& schedule,
                                            const std::vector<int>& first_layers,
                                            bool sharded = false);

// Of one stage.
std::int64_t stage_elements(const Schedule& schedule, const std::vector<RankParameters>& parameters,
                            int stage);

}  // namespace pipetrain
