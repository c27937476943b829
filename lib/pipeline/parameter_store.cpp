#include "pipeline/parameter_store.h"

#include <algorithm>
#include <cstring>
#include <map>

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

ParameterStore::ParameterStore(MemoryPool& pool, const ParameterIndex& index,
                               const std::vector<LocalStage>& stages,
                               const std::vector<int>& stage_of_layer, Mode mode) {
  const bool trains = mode == Mode::kTrain;
  std::map<std::string, std::pair<std::size_t, std::size_t>> seen;  // name -> stage here, slot
  for (const LocalStage& local : stages) {
    StageParameters& made = stages_.emplace_back();
    std::int64_t elements = 0;
    for (Layer* layer : local.layers) {
      made.layer_offsets.push_back(elements);
      for (Parameter& parameter : layer->parameters()) {
        if (!seen.try_emplace(parameter.name, stages_.size() - 1, made.slots.size()).second)
          continue;
        const auto& entry = index.find(parameter.name);
        made.slots.push_back({&parameter, elements, parameter.elements(), entry.first_chunk,
                              entry.owned && !parameter.tied_to_earlier,
                              entry.first_layer != entry.last_layer});
        elements += parameter.elements();
      }
    }
    made.values = Tensor(pool, {elements});
    if (trains) {
      made.gradients = Tensor(pool, {elements});
      std::memset(made.gradients.data(), 0, made.gradients.bytes());
    }
    bind_buffers(pool, made, local, mode);
  }
  for (const LocalStage& local : stages) {
    for (Layer* layer : local.layers) {
      for (Parameter& parameter : layer->parameters()) {
        const auto [stage, slot] = seen.at(parameter.name);
        const std::int64_t offset = stages_[stage].slots[slot].offset;
        parameter.value = stages_[stage].values.f32() + offset;
        if (!trains) continue;
        parameter.gradient = stages_[stage].gradients.f32() + offset;
        const auto& entry = index.find(parameter.name);
        if (entry.first_layer == entry.last_layer) continue;
        auto tied = std::find_if(tied_.begin(), tied_.end(), [&](const TiedParameter& t) {
          return t.slot.parameter->name == parameter.name;
        });
        if (tied == tied_.end()) {
          TiedParameter made;
          made.slot = stages_[stage].slots[slot];
          made.slot_gradient = parameter.gradient;
          made.earlier_stage = stage_of_layer[static_cast<std::size_t>(entry.first_layer)];
          made.later_stage = stage_of_layer[static_cast<std::size_t>(entry.last_layer)];
          tied = tied_.insert(tied_.end(), std::move(made));
        }
        if (parameter.tied_to_earlier) {
          tied->has_later = true;
        } else {
          tied->has_earlier = true;
          tied->earlier_gradient = Tensor(pool, parameter.shape);
          std::memset(tied->earlier_gradient.data(), 0, tied->earlier_gradient.bytes());
          parameter.gradient = tied->earlier_gradient.f32();
        }
      }
    }
  }
}

void ParameterStore::bind_buffers(MemoryPool& pool, StageParameters& stage, const LocalStage& local,
                                  Mode mode) {
  std::int64_t elements = 0;
  for (Layer* layer : local.layers) {
    for (Buffer& buffer : layer->buffers()) {
      stage.buffers.push_back(&buffer);
      elements += buffer.shape.elements();
    }
  }
  stage.buffer_values = Tensor(pool, {elements});
  if (mode == Mode::kTrain) stage.buffer_nexts = Tensor(pool, {elements});
  std::int64_t offset = 0;
  for (Buffer* buffer : stage.buffers) {
    buffer->value = stage.buffer_values.f32() + offset;
    if (mode == Mode::kTrain) buffer->next = stage.buffer_nexts.f32() + offset;
    offset += buffer->shape.elements();
  }
}

void ParameterStore::initialize_values(std::uint64_t seed) {
  for (StageParameters& stage : stages_) {
    for (const ParameterSlot& slot : stage.slots) {
      initialize(*slot.parameter, seed,
                 stage.values.floats().subspan(static_cast<std::size_t>(slot.offset),
                                               static_cast<std::size_t>(slot.elements)));
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
