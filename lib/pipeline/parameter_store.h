// The memory of a rank's parameters: for each of its stages one flat float32 buffer of values, and
// one of gradients of the same shape. It must not know optimizers, layer kinds or messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer.h"
#include "tensor/tensor.h"

namespace pipetrain {

// Every parameter of the model, once, in layer order: what all ranks agree on, but for what they
// share.
struct ParameterIndex {
  struct Entry {
    std::string name;
    // In the model's list of chunks; ranks that share the parameter have each a place for theirs.
    std::int64_t first_chunk = 0;
    bool owned = true;       // here; false for a copy of what another rank of the tensor group owns
    bool looked_up = false;  // by its first use
    int first_layer = 0, last_layer = 0;  // its uses: the same layer unless it is tied
  };
  std::vector<Entry> entries;
  std::int64_t chunks = 0;

  // `layers` are those of this place in a tensor-parallel group; or, `of_pieces`, with the piece of
  // the vocabulary that this place in the pipeline has, where no other rank has the whole ones.
  explicit ParameterIndex(const std::vector<std::unique_ptr<Layer>>& layers,
                          const TensorPlace& place = {}, bool of_pieces = false);
  const Entry& find(const std::string& name) const;
};

// One parameter in a stage's flat buffers.
struct ParameterSlot {
  Parameter* parameter = nullptr;  // of the first layer here that uses it
  std::int64_t offset = 0, elements = 0, first_chunk = 0;
  // Counted in norms and saved here; false for a second copy, as of a tied parameter.
  bool owned = true;
  int first_layer = 0, last_layer = 0;  // of the model, that use it
  bool looked_up = false;               // by the first of them

  bool tied() const { return first_layer != last_layer; }
};

// A piece of one parameter, from one of its chunks on, and where it lies in the buffers here.
struct Piece {
  const ParameterSlot* slot = nullptr;
  std::int64_t first = 0, elements = 0;  // within the parameter
  std::int64_t at = 0;
};

// Where a layer's parameter lies: a slot of one of the rank's stages, its own or an earlier one.
struct ParameterUse {
  std::size_t layer = 0;
  Parameter* parameter = nullptr;
  std::size_t stage = 0, slot = 0;
};

struct StageParameters {
  // Elements of all slots; of a sharded stage of this replica's pieces, one after the other.
  // Gradients are empty until add_gradients().
  Tensor values, gradients;
  std::vector<Piece> kept;  // what of the parameters they hold
  std::vector<ParameterSlot> slots;
  std::vector<std::int64_t> layer_offsets;  // where each layer's slots begin
  std::vector<ParameterUse> uses;           // in layer order
  Tensor buffer_values, buffer_nexts;       // (elements of all buffers)
  std::vector<Buffer*> buffers;

  std::int64_t elements() const;  // of all slots
};

// A parameter of two uses, at least one of them in this rank's stage that has the slot. Each use
// has its gradient, the later one in the slot, the earlier one apart. What this rank keeps of both
// is added in the end: all of it, or of replicas its share.
struct TiedParameter {
  struct Use {
    bool here = false;
    int stage = 0;                     // of the pipeline
    std::size_t local = 0, layer = 0;  // if it is here: which of the rank's stages, and its layer
  };
  struct Kept {
    float* slot_gradient = nullptr;
    float* earlier_gradient = nullptr;  // null if the earlier use is elsewhere
    std::int64_t elements = 0;
  };
  std::size_t stage = 0, slot = 0;  // which of the rank's stages has it, and where
  Use earlier, later;
  Tensor earlier_gradient;  // empty if the earlier use is elsewhere
  std::vector<Kept> parts;
};

// The layers of each of the rank's stages, in ascending order.
using StageLayers = std::vector<std::vector<Layer*>>;

// What both kinds of stores have. A store holds values alone, with which layers can be evaluated,
// until add_gradients() makes it one to train.
class ParameterStore {
 public:
  virtual ~ParameterStore() = default;

  std::vector<StageParameters>& stages() { return stages_; }
  std::vector<TiedParameter>& tied() { return tied_; }
  const ParameterSlot& slot_of(const TiedParameter& tied) const {
    return stages_[tied.stage].slots[tied.slot];
  }
  // Takes memory for the gradients, and for the next values of buffers. `stage_of_layer`: of all
  // layers of the model.
  virtual void add_gradients(const std::vector<int>& stage_of_layer);
  void initialize_values(std::uint64_t seed);  // of the buffers, too
  void update_buffers();                       // what training measured becomes their value

 protected:
  explicit ParameterStore(MemoryPool& pool) : pool_(pool) {}

  using Place = std::pair<std::size_t, std::size_t>;  // a stage of this rank, and a slot

  // A stage with slots for its parameters, but for those that have a place in `places` already, or
  // are rounded and lie elsewhere.
  void add_stage(const std::vector<Layer*>& layers, const ParameterIndex& index,
                 std::map<std::string, Place>& places);
  void bind_buffers(StageParameters& stage, const std::vector<Layer*>& layers);
  void list_tied(const std::vector<int>& stage_of_layer);
  Tensor zeros(std::int64_t elements);

  MemoryPool& pool_;
  std::vector<StageParameters> stages_;
  std::vector<TiedParameter> tied_;
};

// Every parameter of the rank's stages is whole, and its layers know where it lies. A parameter
// that several layers use has one slot, that of the first.
class WholeParameters final : public ParameterStore {
 public:
  WholeParameters(MemoryPool& pool, const ParameterIndex& index, const StageLayers& stages);
  void add_gradients(const std::vector<int>& stage_of_layer) override;
};

// This replica's pieces of every parameter. Each stage has slots of its own for all that its layers
// use, as it is gathered by itself; layers know addresses only while it is.
class ShardedParameters final : public ParameterStore {
 public:
  // Slots without memory.
  ShardedParameters(MemoryPool& pool, const ParameterIndex& index, const StageLayers& stages);
  // Takes memory for the values of these pieces of each stage, whose `at` say where.
  void keep(std::vector<std::vector<Piece>> pieces);
  // After keep().
  void add_gradients(const std::vector<int>& stage_of_layer) override;
};

}  // namespace pipetrain
