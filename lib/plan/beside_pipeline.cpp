#include "plan/beside_pipeline.h"

#include <algorithm>
#include <cstddef>

#include "schedule/limits.h"

namespace pipetrain {
namespace {

// When the rank's first action begins.
double first_start(const std::vector<Span>& spans) {
  const auto first =
      std::find_if(spans.begin(), spans.end(), [](const Span& s) { return !s.waiting; });
  return first == spans.end() ? 0 : first->start;
}

// What the sum over the replicas takes that no work hides. Gradients are scattered while the last
// microbatch's are made, then gradients or weights gathered; of sharded parameters, whose weights
// are gathered by the schedule, they are scattered after each microbatch. The last bucket is left.
double sum_seconds(std::int64_t elements, double busy, const MachineProfile& machine,
                   const Candidate& candidate, int replicas) {
  const double once = gather_seconds(elements, replicas, machine);
  const double bucket = gather_seconds(std::min(elements, kBucketElements), replicas, machine);
  if (candidate.shards_parameters()) return std::max(candidate.microbatches * once - busy, bucket);
  return std::max(2 * once - busy / (3.0 * candidate.microbatches), 2 * bucket);
}

}  // namespace

double gather_seconds(std::int64_t elements, int replicas, const MachineProfile& machine) {
  if (replicas == 1) return 0;
  const double share = static_cast<double>(replicas - 1) / replicas;
  const std::int64_t buckets = (elements + kBucketElements - 1) / kBucketElements;
  return (replicas - 1) * static_cast<double>(buckets) * machine.message_latency_seconds +
         share * kFloatBytes * static_cast<double>(elements) / machine.message_bytes_per_second;
}

std::vector<RankPace> paces_of(const Timeline& timeline) {
  std::vector<RankPace> paces;
  for (std::size_t rank = 0; rank < timeline.ranks.size(); ++rank) {
    paces.push_back({first_start(timeline.ranks[rank]), timeline.busy(static_cast<int>(rank))});
  }
  return paces;
}

double seconds_beside(const std::vector<RankPace>& paces,
                      const std::vector<RankParameters>& parameters, const MachineProfile& machine,
                      int batch_rows, const Candidate& candidate, int copies) {
  const int replicas = candidate.data * copies;
  double delay = 0, exchange = 0, sums = 0;
  const int shares = candidate.shards_optimizer() ? replicas : 1;
  for (std::size_t rank = 0; rank < paces.size(); ++rank) {
    const double read = rank == 0 ? machine.read_seconds_per_row * batch_rows : 0;
    const std::int64_t elements = parameters[rank].elements();
    const double update =
        machine.update_seconds_per_element * static_cast<double>(elements) / shares;
    delay = std::max(delay, read + update - paces[rank].idle);
    sums = std::max(sums, sum_seconds(elements, paces[rank].busy, machine, candidate, replicas));
    // Both ranks of a tied parameter send its gradient, or their share of it, to each other.
    double mine = 0;
    for (const ExchangedParameter& tied : parameters[rank].exchanged) {
      mine += machine.message_seconds(kFloatBytes * tied.elements / replicas) +
              machine.message_seconds(tied.earlier_bytes(batch_rows, replicas));
    }
    exchange = std::max(exchange, mine);
  }
  return delay + exchange + sums;
}

}  // namespace pipetrain
