#include "plan/stage_profile.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/index.h"

namespace pipetrain {
namespace {

// Sums up the stage, layer by layer, as Stage runs it.
class Builder {
 public:
  Builder(const ModelProfile& model, const std::vector<LayerMeasure>& layers, std::int64_t rows,
          const StageCut& cut, const RecomputedLayers& recomputed)
      : model_(model), layers_(layers), rows_(rows), cut_(cut), recomputed_(recomputed) {}

  StageProfile build() const {
    StageProfile stage;
    stage.input_bytes = message_bytes(facts(cut_.first).input_row_bytes, cut_.first == 0);
    stage.output_bytes = message_bytes(facts(cut_.end - 1).output_row_bytes, cut_.last);
    take_in(stage);
    for (int i = cut_.first; i < cut_.end; ++i) add_forward(stage, i);
    for (int i = cut_.end - 1; i >= cut_.first; --i) {
      const LayerMeasure& layer = layers_[index(i)];
      const MemoryUse& input = layer.backward_input;
      add(stage.backward_input, input);
      add(stage.backward_weight, layer.backward_weight);
      add(stage.backward, input);
      add(stage.backward, layer.backward_weight);
      for (MemoryUse* remaking : {&stage.remaking_backward_input, &stage.remaking_backward}) {
        add_parts(*remaking, i, &PartMeasure::remake);
        add(*remaking, input);
      }
      add(stage.remaking_backward, layer.backward_weight);
    }
    if (cut_.last && recomputed_[index(cut_.end - 1)].whole) {
      add(stage.forgetting_forward, takes(output_block(cut_.end - 1), -1));
    }
    hand_on(stage);
    return stage;
  }

 private:
  static void add(MemoryUse& to, const MemoryUse& next) { to = then(std::move(to), next); }
  // What happens to those parts of a layer that are made again.
  void add_parts(MemoryUse& to, int layer, MemoryUse PartMeasure::* use) const {
    const std::vector<PartMeasure>& parts = layers_[index(layer)].parts;
    for (std::size_t part = 0; part < parts.size(); ++part) {
      if (recomputed_[index(layer)].has(part)) add(to, parts[part].*use);
    }
  }
  bool whole(int layer) const { return recomputed_[index(layer)].whole; }

  const LayerFacts& facts(int layer) const { return model_.layers[index(layer)]; }
  std::int64_t input_block(int layer) const {
    return model_.block_bytes(rows_ * facts(layer).input_row_bytes);
  }
  std::int64_t output_block(int layer) const {
    return model_.block_bytes(rows_ * facts(layer).output_row_bytes);
  }
  // Data and targets come as they are.
  std::int64_t message_bytes(std::int64_t row_bytes, bool end) const {
    return rows_ * row_bytes / (model_.halves_messages && !end ? 2 : 1);
  }
  // The copy in another precision is there before the original goes.
  static MemoryUse conversion(std::int64_t from_block, std::int64_t to_block) {
    return then(takes(to_block), takes(from_block, -1));
  }

  // What a stage begins with where messages are of another precision than its layers, ...
  void take_in(StageProfile& stage) const {
    if (!model_.halves_messages) return;
    if (cut_.first > 0) {
      const MemoryUse x =
          conversion(model_.block_bytes(stage.input_bytes), input_block(cut_.first));
      stage.forward = stage.forgetting_forward = stage.evaluation = x;
    }
    if (!cut_.last) {
      stage.backward_input =
          conversion(model_.block_bytes(stage.output_bytes), output_block(cut_.end - 1));
    }
  }

  // ... and ends with.
  void hand_on(StageProfile& stage) const {
    if (!model_.halves_messages) return;
    if (!cut_.last) {
      const MemoryUse y =
          conversion(output_block(cut_.end - 1), model_.block_bytes(stage.output_bytes));
      for (MemoryUse* use : {&stage.forward, &stage.forgetting_forward, &stage.evaluation}) {
        *use = then(std::move(*use), y);
      }
    }
    if (cut_.first > 0) {
      stage.backward_input =
          then(std::move(stage.backward_input),
               conversion(input_block(cut_.first), model_.block_bytes(stage.input_bytes)));
    }
  }

  bool begins_run(int layer) const {
    return whole(layer) && (layer == cut_.first || !whole(layer - 1));
  }
  bool ends_run(int layer) const {
    return whole(layer) && (layer + 1 == cut_.end || !whole(layer + 1));
  }

  void add_forward(StageProfile& stage, int i) const {
    const LayerMeasure& layer = layers_[index(i)];
    stage.cost += layer.cost;
    add_blocks(stage.kept, layer.kept);
    add(stage.forward, layer.forward);
    add(stage.evaluation, layer.evaluation);
    MemoryUse& forgetting = stage.forgetting_forward;
    const double again = remake_seconds(layer, recomputed_[index(i)]);
    if (!whole(i)) {
      stage.cost.remake += again;
      add(forgetting, layer.forward);
      add_parts(forgetting, i, &PartMeasure::forget);
      return;
    }
    stage.cost.recompute += again;
    // A run of recomputed layers keeps a copy of its input; each turns x into y and forgets the
    // rest.
    if (begins_run(i)) add(forgetting, takes(input_block(i)));
    MemoryUse passing = layer.forward;
    passing.after = takes(output_block(i)).after;
    add_blocks(passing.after, takes(input_block(i), -1).after);
    add(forgetting, passing);
    add(stage.recompute, layer.forward);
    const bool gives_loss = cut_.last && i + 1 == cut_.end;
    if (ends_run(i) && !gives_loss) add(stage.recompute, takes(output_block(i), -1));
  }

  const ModelProfile& model_;
  const std::vector<LayerMeasure>& layers_;
  std::int64_t rows_;
  const StageCut& cut_;
  const RecomputedLayers& recomputed_;
};

}  // namespace

StageProfile stage_profile(const ModelProfile& model, const std::vector<LayerMeasure>& layers,
                           std::int64_t rows, const StageCut& cut,
                           const RecomputedLayers& recomputed) {
  return Builder(model, layers, rows, cut, recomputed).build();
}

}  // namespace pipetrain
