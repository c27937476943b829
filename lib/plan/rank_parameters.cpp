#include "plan/rank_parameters.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <unordered_map>

#include "base/index.h"
#include "schedule/limits.h"

namespace pipetrain {
namespace {

class Parameters {
 public:
  Parameters(const ModelProfile& model, const Schedule& schedule, const std::vector<int>& first,
             bool sharded)
      : model_(model), schedule_(schedule), first_(first), sharded_(sharded) {
    for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
      for (const auto& parameter : model.layers[layer].parameters) {
        uses_[parameter.name].push_back(layer);
      }
    }
  }

  RankParameters of_rank(int rank) const {
    RankParameters found;
    std::set<std::string> seen;
    for (std::size_t s = 0; s < first_.size(); ++s) {
      if (!holds(rank, static_cast<int>(s))) continue;
      if (sharded_) seen.clear();
      std::int64_t& elements = found.stage_elements.emplace_back(0);
      std::int64_t& buffers = found.stage_buffers.emplace_back(0);
      for (std::size_t layer = index(first_[s]); layer < end_of(s); ++layer) {
        buffers += model_.layers[layer].buffer_elements;
        std::int64_t used = 0;
        for (const auto& parameter : model_.layers[layer].parameters) {
          const auto& uses = uses_.at(parameter.name);
          used += parameter.elements;
          if (uses.size() > 1 && layer == uses.front()) {
            found.earlier_gradients.push_back(parameter.elements);
          }
          if (!seen.insert(parameter.name).second) continue;
          elements += parameter.elements;
          if (!holds(rank, stage_of(uses.front())) || !holds(rank, stage_of(uses.back()))) {
            found.exchanged.push_back(exchanged(parameter.name, layer == uses.front()));
          }
        }
        if (used > 0) found.layers.push_back(used);
      }
    }
    return found;
  }

 private:
  ExchangedParameter exchanged(const std::string& name, bool earlier) const {
    const auto& of_first_use = model_.layers[uses_.at(name).front()].parameters;
    const auto parameter = std::find_if(of_first_use.begin(), of_first_use.end(),
                                        [&](const auto& each) { return each.name == name; });
    return {parameter->elements, earlier, parameter->row_elements,
            model_.input_row_bytes / kIdBytes};
  }
  std::size_t end_of(std::size_t stage) const {
    return stage + 1 < first_.size() ? index(first_[stage + 1]) : model_.layers.size();
  }
  int stage_of(std::size_t layer) const {
    const auto next = std::upper_bound(first_.begin(), first_.end(), static_cast<int>(layer));
    return static_cast<int>(next - first_.begin()) - 1;
  }
  // One of the stage's copies.
  bool holds(int rank, int stage) const {
    return std::ranges::binary_search(schedule_.placement.stages_of(rank), stage);
  }

  const ModelProfile& model_;
  const Schedule& schedule_;
  const std::vector<int>& first_;
  bool sharded_;
  std::unordered_map<std::string, std::vector<std::size_t>> uses_;
};

}  // namespace

std::int64_t ExchangedParameter::touched_rows(std::int64_t batch_rows, int replicas) const {
  if (replicas > 1 || row_elements == 0) return 0;
  return std::min(batch_rows * ids_per_input, elements / row_elements);
}

std::int64_t ExchangedParameter::earlier_bytes(std::int64_t batch_rows, int replicas) const {
  const std::int64_t rows = touched_rows(batch_rows, replicas);
  if (rows > 0) return rows * (kIdBytes + kFloatBytes * row_elements);
  return kFloatBytes * ((elements + replicas - 1) / replicas);
}

BucketRooms RankParameters::bucket_rooms(bool sharded) const {
  // What is tied has buckets of its own.
  std::int64_t count = earlier_gradients.empty() && exchanged.empty() ? 0 : 1;
  std::int64_t largest = 0;
  for (const std::int64_t n : sharded ? layers : stage_elements) {
    count += (n + kBucketElements - 1) / kBucketElements;
    largest = std::max(largest, std::min(n, kBucketElements));
  }
  constexpr std::int64_t kMost = kMostBucketsAtATime;
  return {largest, static_cast<int>(std::min(count, kMost))};
}

std::vector<RankParameters> rank_parameters(const ModelProfile& model, const Schedule& schedule,
                                            const std::vector<int>& first_layers, bool sharded) {
  const Parameters parameters(model, schedule, first_layers, sharded);
  std::vector<RankParameters> ranks;
  for (int rank = 0; rank < schedule.rank_count(); ++rank) {
    ranks.push_back(parameters.of_rank(rank));
  }
  return ranks;
}

std::int64_t stage_elements(const Schedule& schedule, const std::vector<RankParameters>& parameters,
                            int stage) {
  const int rank = schedule.placement.rank_of(stage);
  return parameters[index(rank)].stage_elements[index(schedule.placement.place_of(stage))];
}

}  // namespace pipetrain
