// The memory of a rank's parameters: for each of its stages one flat float32 buffer of values, and
// one of gradients of the same shape. It must not know optimizers, layer kinds or messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer.h"
#include "tensor/tensor.h"

namespace pipetrain {

// Norms and shards cut each whole tensor into chunks of this many elements.
constexpr std::int64_t kChunkElements = 4096;

// Every parameter of the model, once, in layer order: what all ranks agree on, but for what they
// share.
struct ParameterIndex {
  struct Entry {
    std::string name;
    // In the model's list of chunks; ranks that share the parameter have each a place for theirs.
    std::int64_t first_chunk = 0;
    bool owned = true;  // here; false for a copy of what another rank of the tensor group owns
    int first_layer = 0, last_layer = 0;  // its uses: the same layer unless it is tied
  };
  std::vector<Entry> entries;
  std::int64_t chunks = 0;

  // `layers` are those of this place in a tensor-parallel group.
  explicit ParameterIndex(const std::vector<std::unique_ptr<Layer>>& layers,
                          const TensorPlace& place = {});
  const Entry& find(const std::string& name) const;
};

// One parameter in a stage's flat buffers.
struct ParameterSlot {
  Parameter* parameter = nullptr;  // of the first layer here that uses it
  std::int64_t offset = 0, elements = 0, first_chunk = 0;
  bool owned =
      true;  // counted in norms and saved here; false for a second copy, as of a tied parameter
  bool tied = false;
};

// A piece of one parameter, from one of its chunks on, and where it lies in the buffers here.
struct Piece {
  const ParameterSlot* slot = nullptr;
  std::int64_t first = 0, elements = 0;  // within the parameter
  std::int64_t at = 0;
};

// Of a sharded stage: a layer's parameter and its slot.
struct ParameterUse {
  std::size_t layer = 0;
  Parameter* parameter = nullptr;
  std::size_t slot = 0;
};

struct StageParameters {
  // Elements of all slots; of a sharded stage of this replica's pieces, one after the other.
  Tensor values, gradients;
  std::vector<Piece> kept;  // what of the parameters they hold
  std::vector<ParameterSlot> slots;
  std::vector<std::int64_t> layer_offsets;  // where each layer's slots begin
  std::vector<ParameterUse> uses;           // in layer order; of a sharded stage
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
  struct Part {
    float* slot_gradient = nullptr;
    float* earlier_gradient = nullptr;  // null if the earlier use is elsewhere
    std::int64_t elements = 0;
  };
  std::size_t stage = 0, slot = 0;  // which of the rank's stages has it, and where
  Use earlier, later;
  Tensor earlier_gradient;  // empty if the earlier use is elsewhere
  std::vector<Part> parts;
};

class ParameterStore {
 public:
  // `stages`: for each stage of this rank (ascending) its layers and its number; binds every
  // layer's parameters.
  struct LocalStage {
    int stage = 0;
    std::vector<Layer*> layers;
  };
  // For kEvaluate there are values alone: no gradients, and no next values of buffers. `sharded`:
  // parameters have slots, each stage its own even of one that another stage here has, but neither
  // memory nor addresses until keep_shards().
  ParameterStore(MemoryPool& pool, const ParameterIndex& index,
                 const std::vector<LocalStage>& stages, const std::vector<int>& stage_of_layer,
                 Mode mode = Mode::kTrain, bool sharded = false);

  std::vector<StageParameters>& stages() { return stages_; }
  std::vector<TiedParameter>& tied() { return tied_; }
  const ParameterSlot& slot_of(const TiedParameter& tied) const {
    return stages_[tied.stage].slots[tied.slot];
  }
  // Takes memory for these pieces of each stage, whose `at` say where.
  void keep_shards(std::vector<std::vector<Piece>> pieces);
  void initialize_values(std::uint64_t seed);  // of the buffers, too
  void update_buffers();                       // what training measured becomes their value

 private:
  using Place = std::pair<std::size_t, std::size_t>;  // a stage of this rank, and a slot

  void take_whole(StageParameters& stage);
  void bind(Parameter& parameter, Place place);
  TiedParameter& tied_at(Place place, const ParameterIndex::Entry& entry,
                         const std::vector<int>& stage_of_layer);
  void bind_buffers(StageParameters& stage, const LocalStage& local);
  Tensor zeros(std::int64_t elements);

  MemoryPool& pool_;
  bool trains_, sharded_;
  std::vector<StageParameters> stages_;
  std::vector<TiedParameter> tied_;
};

}  // namespace pipetrain
