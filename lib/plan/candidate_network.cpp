#include "plan/candidate_network.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "schedule/simulate/rank_speeds.h"

namespace pipetrain {
namespace {

constexpr double kLeastSecondsPerByte = 1e-15;  // of a link that is told to be free

}  // namespace

std::vector<double> speeds_of(const PlanInputs& inputs, const Candidate& candidate) {
  std::vector<int> places;  // as Grid has them
  places.reserve(static_cast<std::size_t>(candidate.ranks()));
  for (int rank = 0; rank < candidate.ranks(); ++rank) {
    places.push_back(rank / candidate.tensor % candidate.pipeline);
  }
  return place_speeds(inputs.rank_seconds, places, 1);
}

bool may_have_copies(const PlanInputs& inputs, const Candidate& candidate) {
  return inputs.versions == 1 && !inputs.post_validation && !candidate.shards_parameters() &&
         speeds_of(inputs, candidate).empty();
}

std::shared_ptr<const Network> candidate_network(const PlanInputs& inputs,
                                                 const Candidate& candidate,
                                                 std::int64_t message_bytes) {
  std::vector<double> speeds = speeds_of(inputs, candidate);
  if (!inputs.network) return network_of_speeds(std::move(speeds));
  auto network = std::make_shared<Network>(*inputs.network);
  network->speeds = std::move(speeds);
  network->message_bytes = static_cast<double>(message_bytes);
  for (int place = 0; place < candidate.pipeline; ++place) {
    network->numbers.push_back(place * candidate.tensor);  // in the first replica
  }
  return network;
}

Costs shared_out(Costs costs, const Schedule& schedule, const MachineProfile& machine) {
  if (machine.cores_per_rank >= 1) return costs;
  for (StageCost& cost : costs.stages) {
    for (double StageCost::* part :
         {&StageCost::forward, &StageCost::backward_input, &StageCost::backward_weight,
          &StageCost::recompute, &StageCost::remake}) {
      cost.*part *= machine.cores_per_rank;
    }
  }
  scale(costs.pieces, machine.cores_per_rank);
  costs.cores = machine.cores_per_rank * schedule.rank_count();
  return costs;
}

MachineProfile machine_over(const PlanInputs& inputs, int distance) {
  MachineProfile machine = inputs.machine;
  const Network* network = inputs.network.get();
  if (network == nullptr || distance >= network->all_ranks) return machine;
  const LinkRate rate = link_between(*network, 0, distance, network->all_ranks).rate;
  machine.message_latency_seconds = rate.latency_seconds;
  machine.message_bytes_per_second = 1 / std::max(rate.seconds_per_byte, kLeastSecondsPerByte);
  return machine;
}

}  // namespace pipetrain
