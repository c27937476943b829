#include "plan/sliced_profile.h"

#include <cstddef>

#include "base/index.h"
#include "plan/stage_profile.h"

namespace pipetrain {
namespace {

void add_sums(SumUse& to, const SumUse& more) {
  to.count += more.count;
  to.bytes += more.bytes;
}

}  // namespace

bool may_have_slices(const PlanInputs& inputs, const Candidate& candidate) {
  return inputs.sliced.contains({form_of(candidate), candidate.slices}) && inputs.versions == 1 &&
         !inputs.post_validation && inputs.kept_for_slices.contains(candidate.recompute) &&
         !candidate.shards_parameters() && !candidate.cuts_vocabulary();
}

void take_costs_of_slices(const std::vector<ModelProfile>& slices, std::int64_t rows,
                          std::vector<LayerMeasure>& layers) {
  for (LayerMeasure& layer : layers) {
    layer.cost = {};
    layer.forward_sums = layer.backward_input_sums = layer.backward_weight_sums = {};
    for (PartMeasure& part : layer.parts) part.seconds = 0;
  }
  for (const ModelProfile& slice : slices) {
    const std::vector<LayerMeasure> own = layers_at(slice, rows);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      layers[i].cost += own[i].cost;
      for (SumUse LayerMeasure::* sums :
           {&LayerMeasure::forward_sums, &LayerMeasure::backward_input_sums,
            &LayerMeasure::backward_weight_sums}) {
        add_sums(layers[i].*sums, own[i].*sums);
      }
      for (std::size_t part = 0; part < layers[i].parts.size(); ++part) {
        layers[i].parts[part].seconds += own[i].parts[part].seconds;
      }
    }
  }
}

std::vector<StageSizes> stage_sizes(const ModelProfile& model,
                                    const std::vector<LayerMeasure>& larger,
                                    const std::vector<LayerMeasure>& smaller,
                                    const StageSizing& sizing) {
  const std::vector<int>& first = sizing.first_layers;
  const int layers = static_cast<int>(larger.size()) - (sizing.vocabulary ? 1 : 0);
  std::vector<StageSizes> stages;
  for (std::size_t s = 0; s < first.size(); ++s) {
    const bool last = s + 1 == first.size();
    const StageCut cut{first[s], last ? layers : first[s + 1], last && !sizing.vocabulary};
    stages.push_back({stage_profile(model, larger, sizing.larger_rows, cut, sizing.recomputed),
                      stage_profile(model, smaller, sizing.smaller_rows, cut, sizing.recomputed)});
  }
  return stages;
}

std::vector<std::vector<StageSizes>> sizes_of_slices(const std::vector<ModelProfile>& slices,
                                                     const StageSizing& sizing) {
  std::vector<std::vector<StageSizes>> sizes;
  sizes.reserve(slices.size());
  for (const ModelProfile& slice : slices) {
    sizes.push_back(stage_sizes(slice, layers_at(slice, sizing.larger_rows),
                                layers_at(slice, sizing.smaller_rows), sizing));
  }
  return sizes;
}

StageCost weighted(const StageCost& a, double share_a, const StageCost& b) {
  StageCost mean;
  for (double StageCost::* part :
       {&StageCost::forward, &StageCost::backward_input, &StageCost::backward_weight,
        &StageCost::recompute, &StageCost::remake}) {
    mean.*part = share_a * a.*part + (1 - share_a) * b.*part;
  }
  return mean;
}

}  // namespace pipetrain
