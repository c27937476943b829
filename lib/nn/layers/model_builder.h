// A model while its layers are made, one after the other: what the next one takes, and what it
// shares with those before. It must not know kinds of layers; the factory of each adds its layers
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/layer.h"
#include "nn/layer_options.h"
#include "nn/layers/model.h"
#include "nn/model_config.h"
#include "nn/sharing.h"
#include "nn/starting_values.h"
#include "nn/tensor_names.h"
#include "ops/rotary.h"

namespace pipetrain {

struct LayerKind;

class ModelBuilder {
 public:
  ModelBuilder(const ModelConfig& config, const DataShape& data, const TensorPlace& place);

  // All of the model, in a form that it has: sharing() of whole layers says so.
  LayerList build();

  // What the next layer is told of its place.
  const DataShape& data() const { return data_; }
  const Shape& row() const { return row_; }  // that it takes
  bool inside() const { return inside_; }    // it belongs to a list within another layer
  bool at_start() const { return layers_.empty() && !inside_; }
  bool at_end() const { return at_last_entry_ && !inside_; }
  const LayerList& layers() const { return layers_; }  // before it in its list
  std::string name(const std::string& kind) const;     // "layers.3.attention"
  const Starts& starts() const { return starts_; }     // what parameters start from
  Sharing& sharing() { return sharing_; }              // what a tensor-parallel group can share
  std::int64_t& vocabulary() { return vocabulary_; }   // the embedding's, else the data's
  std::shared_ptr<const RotaryTable>& rotary() { return rotary_; }  // of the layers before; or null

  // Error(kConfiguration) if a row of its output or a parameter would be too large.
  void add(std::unique_ptr<Layer> layer);
  // The layers of a list inside the next layer, which take its row; their names begin with
  // `prefix`.
  LayerList inner_layers(const std::vector<LayerEntry>& entries, const std::string& prefix);

 private:
  void make(const LayerEntry& entry);
  void check_row(const LayerKind& kind, const LayerOptions& options) const;
  void check_output(const LayerEntry& last) const;

  const ModelConfig& config_;
  DataShape data_;
  Sharing sharing_;
  Shape row_;
  std::int64_t vocabulary_;
  Starts starts_;
  std::size_t made_ = 0;  // entries, those inside of layers counted
  std::shared_ptr<const RotaryTable> rotary_;
  std::string prefix_{kLayersPrefix};  // of the names of this list's layers
  bool inside_ = false;
  bool at_last_entry_ = false;
  LayerList layers_;
};

}  // namespace pipetrain
