// What a rank's tensor memory was for, as far as it can be told from what lies there: counted from
// what is kept, and between the actions of steps. It must not know what was foreseen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "setup/pipeline_rank.h"

namespace pipetrain {

class MemoryUses {
 public:
  // A training step has run, and the next one's batch is here, if there is one.
  void add(const Recorder& recorder, const MemoryPool& pool);

  // All that the pool has taken from the system, by names as memory_kinds has them, in its order:
  //   activations  the most that lay there between two actions, beside what lasts
  //   work         what an action, of a step or an evaluation, took beside that
  //   unused       blocks that nothing lay in when most was used; for evaluations, a short last
  //                batch, or sizes that come at other times
  // `checkpoint_bytes`: of the copies that checkpoints write. The run is over with it: to count the
  // copies of weights that products made, it gives them up.
  std::vector<std::pair<std::string, std::int64_t>> taken(PipelineRank& pipeline,
                                                          const MemoryPool& pool,
                                                          std::size_t checkpoint_bytes) const;

 private:
  std::int64_t most_ = 0, lasting_ = 0;  // between two actions; and after that step
};

}  // namespace pipetrain
