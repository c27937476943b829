// The memory of a rank's parameters: for each of its stages one flat float32 buffer of values, and
// one of gradients of the same shape. It must not know optimizers, layer kinds or messages.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
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

struct StageParameters {
  Tensor values, gradients;  // (elements of all slots)
  std::vector<ParameterSlot> slots;
  std::vector<std::int64_t> layer_offsets;  // where each layer's slots begin
  Tensor buffer_values, buffer_nexts;       // (elements of all buffers)
  std::vector<Buffer*> buffers;
};

// A parameter of two uses, at least one of them on this rank. The later use's gradient is in the
// slot, the earlier one's apart.
struct TiedParameter {
  ParameterSlot slot;
  float* slot_gradient = nullptr;
  Tensor earlier_gradient;  // empty if the earlier use is on another rank
  int earlier_stage = 0, later_stage = 0;
  bool has_earlier = false, has_later = false;
};

class ParameterStore {
 public:
  // `stages`: for each stage of this rank (ascending) its layers and its number; binds every
  // layer's parameters.
  struct LocalStage {
    int stage = 0;
    std::vector<Layer*> layers;
  };
  // For kEvaluate there are values alone: no gradients, and no next values of buffers.
  ParameterStore(MemoryPool& pool, const ParameterIndex& index,
                 const std::vector<LocalStage>& stages, const std::vector<int>& stage_of_layer,
                 Mode mode = Mode::kTrain);

  std::vector<StageParameters>& stages() { return stages_; }
  std::vector<TiedParameter>& tied() { return tied_; }
  void initialize_values(std::uint64_t seed);  // of the buffers, too
  void update_buffers();                       // what training measured becomes their value

 private:
  void bind_buffers(MemoryPool& pool, StageParameters& stage, const LocalStage& local, Mode mode);

  std::vector<StageParameters> stages_;
  std::vector<TiedParameter> tied_;
};

}  // namespace pipetrain
