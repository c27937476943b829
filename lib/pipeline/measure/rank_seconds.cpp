#include "pipeline/measure/rank_seconds.h"

#include <algorithm>
#include <span>

#include "ops/ops.h"
#include "pipeline/measure/layer_costs.h"
#include "tensor/memory.h"

namespace pipetrain {

std::vector<double> measure_rank_seconds(const SpeedProbe& probe, Collective& world) {
  const auto mine = static_cast<std::size_t>(world.rank());
  std::vector<double> seconds(static_cast<std::size_t>(world.size()));
  const int last = probe.rounds.empty() ? 0 : *std::ranges::max_element(probe.rounds);
  for (int round = 0; round <= last; ++round) {
    world.barrier();
    if (!probe.rounds.empty() && probe.rounds[mine] != round) continue;
    MemoryPool scratch;
    Ops ops(scratch);
    seconds[mine] = measure_layer_seconds(probe.layers, probe.layer, probe.place, probe.rows, ops);
  }
  world.all_reduce(std::span(seconds));
  return seconds;
}

}  // namespace pipetrain
