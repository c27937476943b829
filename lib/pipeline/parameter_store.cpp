#include "pipeline/parameter_store.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>

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

// A slot for each parameter that has none yet.
template <class IsNew>
void append_slots(StageParameters& stage, const std::vector<Layer*>& layers,
                  const ParameterIndex& index, const IsNew& is_new) {
  std::int64_t elements = 0;
  for (Layer* layer : layers) {
    stage.layer_offsets.push_back(elements);
    for (Parameter& parameter : layer->parameters()) {
      if (!is_new(parameter)) continue;
      const auto& entry = index.find(parameter.name);
      stage.slots.push_back({&parameter, elements, parameter.elements(), entry.first_chunk,
                             entry.owned && !parameter.tied_to_earlier,
                             entry.first_layer != entry.last_layer});
      elements += parameter.elements();
    }
  }
}

}  // namespace

ParameterIndex::ParameterIndex(const std::vector<std::unique_ptr<Layer>>& layers,
                               const TensorPlace& place) {
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
                         .owned = sliced || place.first(),
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

ParameterStore::ParameterStore(MemoryPool& pool, const ParameterIndex& index,
                               const std::vector<LocalStage>& stages,
                               const std::vector<int>& stage_of_layer, Mode mode, bool sharded)
    : pool_(pool), trains_(mode == Mode::kTrain), sharded_(sharded) {
  std::map<std::pair<std::size_t, std::string>, Place> places;
  const auto key = [&](std::size_t stage, const Parameter& parameter) {
    return std::pair(sharded ? stage : 0, parameter.name);
  };
  for (const LocalStage& local : stages) {
    const std::size_t number = stages_.size();
    StageParameters& made = stages_.emplace_back();
    append_slots(made, local.layers, index, [&](const Parameter& parameter) {
      const Place place{number, made.slots.size()};
      return places.try_emplace(key(number, parameter), place).second;
    });
    bind_buffers(made, local);
    if (!sharded) take_whole(made);
  }
  for (std::size_t s = 0; s < stages.size(); ++s) {
    for (std::size_t layer = 0; layer < stages[s].layers.size(); ++layer) {
      for (Parameter& parameter : stages[s].layers[layer]->parameters()) {
        const Place place = places.at(key(s, parameter));
        if (sharded) {
          stages_[s].uses.push_back({layer, &parameter, place.second});
        } else {
          bind(parameter, place);
        }
        const auto& entry = index.find(parameter.name);
        if (!trains_ || entry.first_layer == entry.last_layer) continue;
        TiedParameter& tied = tied_at(place, entry, stage_of_layer);
        TiedParameter::Use& use = parameter.tied_to_earlier ? tied.later : tied.earlier;
        use.here = true;
        use.local = s;
        use.layer = layer;
        if (parameter.tied_to_earlier || sharded) continue;
        tied.earlier_gradient = zeros(parameter.elements());
        parameter.gradient = tied.earlier_gradient.f32();
      }
    }
  }
  if (sharded) return;
  for (TiedParameter& tied : tied_) {
    const ParameterSlot& slot = slot_of(tied);
    tied.parts = {{stages_[tied.stage].gradients.f32() + slot.offset,
                   tied.earlier.here ? tied.earlier_gradient.f32() : nullptr, slot.elements}};
  }
}

void ParameterStore::take_whole(StageParameters& stage) {
  stage.values = Tensor(pool_, {stage.elements()});
  if (trains_) stage.gradients = zeros(stage.elements());
  for (const ParameterSlot& slot : stage.slots) {
    stage.kept.push_back({&slot, 0, slot.elements, slot.offset});
  }
}

Tensor ParameterStore::zeros(std::int64_t elements) {
  Tensor tensor(pool_, {elements});
  std::memset(tensor.data(), 0, tensor.bytes());
  return tensor;
}

void ParameterStore::bind(Parameter& parameter, Place place) {
  StageParameters& stage = stages_[place.first];
  const std::int64_t offset = stage.slots[place.second].offset;
  parameter.value = stage.values.f32() + offset;
  if (trains_) parameter.gradient = stage.gradients.f32() + offset;
}

TiedParameter& ParameterStore::tied_at(Place place, const ParameterIndex::Entry& entry,
                                       const std::vector<int>& stage_of_layer) {
  const auto found = std::find_if(tied_.begin(), tied_.end(), [&](const TiedParameter& tied) {
    return Place(tied.stage, tied.slot) == place;
  });
  if (found != tied_.end()) return *found;
  TiedParameter& made = tied_.emplace_back();
  std::tie(made.stage, made.slot) = place;
  made.earlier.stage = stage_of_layer[static_cast<std::size_t>(entry.first_layer)];
  made.later.stage = stage_of_layer[static_cast<std::size_t>(entry.last_layer)];
  return made;
}

void ParameterStore::keep_shards(std::vector<std::vector<Piece>> pieces) {
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    StageParameters& stage = stages_[s];
    stage.kept = std::move(pieces[s]);
    std::int64_t elements = 0;
    for (const Piece& piece : stage.kept) elements += piece.elements;
    stage.values = Tensor(pool_, {elements});
    if (trains_) stage.gradients = zeros(elements);
  }
  for (TiedParameter& tied : tied_) {
    if (!tied.earlier.here) continue;
    std::int64_t elements = 0;
    for (const Piece& piece : stages_[tied.stage].kept) {
      if (piece.slot == &slot_of(tied)) elements += piece.elements;
    }
    tied.earlier_gradient = zeros(elements);
  }
}

void ParameterStore::bind_buffers(StageParameters& stage, const LocalStage& local) {
  std::int64_t elements = 0;
  for (Layer* layer : local.layers) {
    for (Buffer& buffer : layer->buffers()) {
      stage.buffers.push_back(&buffer);
      elements += buffer.shape.elements();
    }
  }
  stage.buffer_values = Tensor(pool_, {elements});
  if (trains_) stage.buffer_nexts = Tensor(pool_, {elements});
  std::int64_t offset = 0;
  for (Buffer* buffer : stage.buffers) {
    buffer->value = stage.buffer_values.f32() + offset;
    if (trains_) buffer->next = stage.buffer_nexts.f32() + offset;
    offset += buffer->shape.elements();
  }
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

}  // namespace pipetrain
