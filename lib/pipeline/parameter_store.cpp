#include "pipeline/parameter_store.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "schedule/limits.h"

namespace pipetrain {
namespace {

// Of the largest of the slices.
std::int64_t chunks_of_slice(const Parameter& parameter) {
  const std::int64_t whole = parameter.whole.elements();
  const std::int64_t along = parameter.whole[parameter.slicing.axis];
  const std::int64_t parts = parameter.slicing.parts;
  const std::int64_t elements = (along + parts - 1) / parts * (whole / along);
  return (elements + kChunkElements - 1) / kChunkElements;
}

// Of what a stage keeps.
std::int64_t kept_elements(const StageParameters& stage) {
  std::int64_t elements = 0;
  for (const Piece& piece : stage.kept) elements += piece.elements;
  return elements;
}

}  // namespace

ParameterIndex::ParameterIndex(const std::vector<std::unique_ptr<Layer>>& layers,
                               const TensorPlace& place, bool of_pieces) {
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    for (const Parameter& parameter : layers[layer]->parameters()) {
      if (parameter.tied_to_earlier) {
        const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
          return entry.name == parameter.name;
        });
        assert(found != entries.end());
        found->last_layer = static_cast<int>(layer);
        continue;
      }
      const bool sliced = parameter.slicing.sliced();
      const std::int64_t of_slice = chunks_of_slice(parameter);
      entries.push_back({.name = parameter.name,
                         .first_chunk = chunks + (sliced ? place.rank * of_slice : 0),
                         .owned = sliced || of_pieces || place.first(),
                         .looked_up = parameter.looked_up,
                         .first_layer = static_cast<int>(layer),
                         .last_layer = static_cast<int>(layer)});
      chunks += of_slice * parameter.slicing.parts;
    }
  }
}

const ParameterIndex::Entry& ParameterIndex::find(const std::string& name) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  assert(found != entries.end());
  return *found;
}

std::int64_t StageParameters::elements() const {
  return slots.empty() ? 0 : slots.back().offset + slots.back().elements;
}

void ParameterStore::add_stage(const std::vector<Layer*>& layers, const ParameterIndex& index,
                               std::map<std::string, Place>& places) {
  const std::size_t number = stages_.size();
  StageParameters& stage = stages_.emplace_back();
  std::int64_t elements = 0;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    stage.layer_offsets.push_back(elements);
    for (Parameter& parameter : layers[layer]->parameters()) {
      if (parameter.rounded != nullptr) continue;
      const Place next{number, stage.slots.size()};
      const auto [found, is_new] = places.try_emplace(parameter.name, next);
      const auto [slot_stage, slot] = found->second;
      stage.uses.push_back({layer, &parameter, slot_stage, slot});
      if (!is_new) continue;
      const ParameterIndex::Entry& entry = index.find(parameter.name);
      stage.slots.push_back({&parameter, elements, parameter.elements(), entry.first_chunk,
                             entry.owned && !parameter.tied_to_earlier, entry.first_layer,
                             entry.last_layer, entry.looked_up});
      elements += parameter.elements();
    }
  }
  bind_buffers(stage, layers);
}

void ParameterStore::bind_buffers(StageParameters& stage, const std::vector<Layer*>& layers) {
  std::int64_t elements = 0;
  for (Layer* layer : layers) {
    for (Buffer& buffer : layer->buffers()) {
      stage.buffers.push_back(&buffer);
      elements += buffer.shape.elements();
    }
  }
  stage.buffer_values = Tensor(pool_, {elements});
  float* value = stage.buffer_values.f32();
  for (Buffer* buffer : stage.buffers) {
    buffer->value = value;
    value += buffer->shape.elements();
  }
}

void ParameterStore::add_gradients(const std::vector<int>& stage_of_layer) {
  for (StageParameters& stage : stages_) {
    stage.gradients = zeros(kept_elements(stage));
    stage.buffer_nexts = Tensor(pool_, {stage.buffer_values.elements()});
    float* next = stage.buffer_nexts.f32();
    for (Buffer* buffer : stage.buffers) {
      buffer->next = next;
      next += buffer->shape.elements();
    }
  }
  list_tied(stage_of_layer);
}

void ParameterStore::list_tied(const std::vector<int>& stage_of_layer) {
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    for (const ParameterUse& use : stages_[s].uses) {
      const ParameterSlot& slot = stages_[use.stage].slots[use.slot];
      if (!slot.tied()) continue;
      auto tied = std::find_if(tied_.begin(), tied_.end(), [&](const TiedParameter& known) {
        return known.stage == use.stage && known.slot == use.slot;
      });
      if (tied == tied_.end()) {
        tied = tied_.emplace(tied_.end());
        tied->stage = use.stage;
        tied->slot = use.slot;
        tied->earlier.stage = stage_of_layer[static_cast<std::size_t>(slot.first_layer)];
        tied->later.stage = stage_of_layer[static_cast<std::size_t>(slot.last_layer)];
      }
      TiedParameter::Use& mine = use.parameter->tied_to_earlier ? tied->later : tied->earlier;
      mine.here = true;
      mine.local = s;
      mine.layer = use.layer;
    }
  }
}

Tensor ParameterStore::zeros(std::int64_t elements) {
  Tensor tensor(pool_, {elements});
  std::memset(tensor.data(), 0, tensor.bytes());
  return tensor;
}

void ParameterStore::initialize_values(std::uint64_t seed) {
  for (StageParameters& stage : stages_) {
    for (const Piece& piece : stage.kept) {
      initialize(*piece.slot->parameter, seed,
                 stage.values.floats().subspan(static_cast<std::size_t>(piece.at),
                                               static_cast<std::size_t>(piece.elements)),
                 piece.first);
    }
    for (const Buffer* buffer : stage.buffers) {
      std::fill_n(buffer->value, buffer->shape.elements(), buffer->initial);
    }
  }
}

void ParameterStore::update_buffers() {
  for (StageParameters& stage : stages_) {
    std::memcpy(stage.buffer_values.data(), stage.buffer_nexts.data(), stage.buffer_values.bytes());
  }
}

WholeParameters::WholeParameters(MemoryPool& pool, const ParameterIndex& index,
                                 const StageLayers& stages)
    : ParameterStore(pool) {
  std::map<std::string, Place> places;
  for (const std::vector<Layer*>& layers : stages) add_stage(layers, index, places);
  for (StageParameters& stage : stages_) {
    stage.values = Tensor(pool, {stage.elements()});
    for (const ParameterSlot& slot : stage.slots) {
      stage.kept.push_back({&slot, 0, slot.elements, slot.offset});
    }
  }
  for (const StageParameters& stage : stages_) {
    for (const ParameterUse& use : stage.uses) {
      StageParameters& its = stages_[use.stage];
      use.parameter->value = its.values.f32() + its.slots[use.slot].offset;
    }
  }
}

void WholeParameters::add_gradients(const std::vector<int>& stage_of_layer) {
  ParameterStore::add_gradients(stage_of_layer);
  for (const StageParameters& stage : stages_) {
    for (const ParameterUse& use : stage.uses) {
      StageParameters& its = stages_[use.stage];
      use.parameter->gradient = its.gradients.f32() + its.slots[use.slot].offset;
    }
  }
  for (TiedParameter& tied : tied_) {
    const ParameterSlot& slot = slot_of(tied);
    float* earlier = nullptr;
    if (tied.earlier.here) {
      tied.earlier_gradient = zeros(slot.elements);
      earlier = tied.earlier_gradient.f32();
      slot.parameter->gradient = earlier;  // the slot is of the first use
    }
    tied.parts = {{stages_[tied.stage].gradients.f32() + slot.offset, earlier, slot.elements}};
  }
}

ShardedParameters::ShardedParameters(MemoryPool& pool, const ParameterIndex& index,
                                     const StageLayers& stages)
    : ParameterStore(pool) {
  for (const std::vector<Layer*>& layers : stages) {
    std::map<std::string, Place> places;
    add_stage(layers, index, places);
  }
}

void ShardedParameters::keep(std::vector<std::vector<Piece>> pieces) {
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    stages_[s].kept = std::move(pieces[s]);
    stages_[s].values = Tensor(pool_, {kept_elements(stages_[s])});
  }
}

void ShardedParameters::add_gradients(const std::vector<int>& stage_of_layer) {
  ParameterStore::add_gradients(stage_of_layer);
  for (TiedParameter& tied : tied_) {
    if (!tied.earlier.here) continue;
    std::int64_t elements = 0;
    for (const Piece& piece : stages_[tied.stage].kept) {
      if (piece.slot == &slot_of(tied)) elements += piece.elements;
    }
    tied.earlier_gradient = zeros(elements);
  }
}

}  // namespace pipetrain
