#include "setup/weights.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/json_text.h"
#include "checkpoint/file_io.h"
#include "nn/tensor_names.h"
#include "text/subwords/load_tokenizer.h"

namespace pipetrain {
namespace {

// Before the names of the weights that the step after a checkpoint is taken at.
constexpr const char* kPreviousPrefix = "optimizer.previous.";

// A tensor that the model has no place for would be lost without a word.
void require_all_used(const Checkpoint& checkpoint,
                      const std::vector<std::unique_ptr<Layer>>& layers) {
  std::set<std::string> known;
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) known.insert(parameter.name);
    for (const Buffer& buffer : layer->buffers()) known.insert(buffer.name);
  }
  for (const std::string& name : checkpoint.names()) {
    if (!is_of_model(name) || known.contains(name)) continue;
    fail_checkpoint(checkpoint.folder(), "has a tensor " + name + " " +
                                             text_of(checkpoint.shape(name)) +
                                             ", the model has none of this name; is it of another "
                                             "model?");
  }
}

// "char, 65 tokens" or "image, mean [0.1], std [0.3]", for messages.
std::string tokenizer_text(const nlohmann::json& tokenizer) {
  std::string text = tokenizer.value("type", "of no known type");
  for (const auto& [key, value] : tokenizer.items()) {
    if (key == "type") continue;
    text += key == "vocabulary" ? ", " + std::to_string(value.size()) + " tokens"
                                : ", " + key + " " + value.dump();
  }
  return text;
}

// A run of a rank's values as a box of the whole tensor.
struct ValueBox {
  std::string name;
  Extents shape, offset, extent;
  float* values;

  std::span<float> span() const {
    return {values, static_cast<std::size_t>(elements_of(extent, name))};
  }
  CheckpointTensor stored() const {
    return {.name = name, .shape = shape, .offset = offset, .extent = extent, .data = values};
  }
};

// The entries `first`, ..., first + count - 1 of what lies behind `part.offset` along the axes from
// `axis` on: the rest of an entry of that axis, whole ones, the beginning of one.
void append_boxes(const ValueBox& part, std::size_t axis, std::int64_t first, std::int64_t count,
                  std::vector<ValueBox>& boxes) {
  std::int64_t inner = 1;
  for (std::size_t a = axis + 1; a < part.shape.size(); ++a) inner *= part.shape[a];
  ValueBox at = part;
  while (count > 0) {
    const std::int64_t within = first % inner;
    at.offset[axis] = first / inner;
    std::int64_t taken = std::min(count, inner - within);
    if (within == 0 && count >= inner) {
      taken = count / inner * inner;
      ValueBox& box = boxes.emplace_back(at);
      box.extent[axis] = count / inner;
      std::copy(part.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, part.shape.end(),
                box.extent.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
    } else {
      append_boxes(at, axis + 1, within, taken, boxes);
    }
    first += taken;
    count -= taken;
    at.values += taken;
  }
}

// The values of a piece of a parameter. What ranks share has one axis, or two; a box of it has one
// more if need be.
std::vector<ValueBox> parts_of(const Piece& piece, float* values) {
  const Parameter& parameter = *piece.slot->parameter;
  const Extents shape = extents_of(parameter.whole);
  std::vector<ValueBox> parts;
  if (!parameter.slicing.sliced()) {
    append_boxes({parameter.name, shape, Extents(shape.size()), Extents(shape.size(), 1), values},
                 0, piece.first, piece.elements, parts);
    return parts;
  }
  for (const SliceBox& box :
       boxes_of(parameter.slicing, parameter.whole, piece.first, piece.elements)) {
    ValueBox part{parameter.name,
                  shape,
                  {box.row, box.column},
                  {box.rows, box.columns},
                  values + box.at - piece.first};
    part.offset.resize(shape.size());
    part.extent.resize(shape.size());
    parts.push_back(std::move(part));
  }
  return parts;
}

// body(part of a moment, whether this rank owns it) for all that this rank updates.
template <class Body>
void for_each_moment(RankState& state, const Body& body) {
  for (std::size_t s = 0; s < state.updated_pieces().size(); ++s) {
    for (const Optimizer::Moment& moment : state.optimizer().moments(s)) {
      float* at = moment.values->f32();
      for (const Piece& piece : state.updated_pieces()[s]) {
        const Parameter& parameter = *piece.slot->parameter;
        const std::int64_t rows = parameter.whole[0];
        for (const SliceBox& box :
             boxes_of(parameter.slicing, parameter.whole, piece.first, piece.elements)) {
          body(ValueBox{"optimizer." + moment.name + "." + parameter.name,
                        {rows, parameter.whole.elements() / rows},
                        {box.row, box.column},
                        {box.rows, box.columns},
                        at + box.at - piece.first},
               piece.slot->owned);
        }
        at += piece.elements;
      }
    }
  }
}

}  // namespace

Extents extents_of(const Shape& shape) {
  Extents extents;
  for (int axis = 0; axis < shape.rank(); ++axis) extents.push_back(shape[axis]);
  return extents;
}

namespace {

// Parameters and buffers, their names behind `prefix`.
void append_values(RankState& state, const std::string& prefix,
                   std::vector<CheckpointTensor>& tensors) {
  const bool first_replica = state.map().replica() == 0;
  for (StageParameters& stage : state.parameters().stages()) {
    if (!first_replica && !state.shards_parameters()) break;  // the others have the same
    for (const Piece& piece : stage.kept) {
      if (!piece.slot->owned) continue;
      for (const ValueBox& part : parts_of(piece, stage.values.f32() + piece.at)) {
        tensors.push_back(part.stored());
        tensors.back().name.insert(0, prefix);
      }
    }
    if (!first_replica || state.map().position().tensor > 0) continue;
    for (const Buffer* buffer : stage.buffers) {
      tensors.push_back({.name = prefix + buffer->name,
                         .shape = extents_of(buffer->shape),
                         .data = buffer->value});
    }
  }
}

// Fills the stages with values whose names are behind `prefix`.
void read_values(const Checkpoint& checkpoint, const std::string& prefix,
                 ParameterStore& parameters) {
  for (StageParameters& stage : parameters.stages()) {
    for (const Piece& piece : stage.kept) {
      for (const ValueBox& part : parts_of(piece, stage.values.f32() + piece.at)) {
        checkpoint.read_slice(prefix + part.name, part.shape, part.offset, part.extent,
                              part.span());
      }
    }
    for (const Buffer* buffer : stage.buffers) {
      checkpoint.read(prefix + buffer->name, extents_of(buffer->shape),
                      {buffer->value, static_cast<std::size_t>(buffer->shape.elements())});
    }
  }
}

}  // namespace

std::vector<CheckpointTensor> tensors_to_save(RankState& state) {
  std::vector<CheckpointTensor> tensors;
  append_values(state, "", tensors);
  const bool first_replica = state.map().replica() == 0;
  if (!first_replica && !state.shards_optimizer()) return tensors;
  for_each_moment(state, [&](const ValueBox& part, bool owned) {
    if (owned) tensors.push_back(part.stored());
  });
  return tensors;
}

std::vector<CheckpointTensor> tensors_to_save(RankVersions& versions, std::int64_t steps) {
  std::vector<CheckpointTensor> tensors = tensors_to_save(versions.newest());
  if (versions.delayed()) append_values(versions.of_step(steps), kPreviousPrefix, tensors);
  return tensors;
}

void load_versions(const Checkpoint& checkpoint, RankVersions& versions, std::int64_t steps) {
  versions.start_after(steps);
  load_weights(checkpoint, versions.newest());
  if (!versions.delayed()) return;
  RankState& next = versions.of_step(steps);
  const std::vector<std::string> names = checkpoint.names();
  const bool has_both = std::ranges::any_of(
      names, [](const std::string& name) { return name.starts_with(kPreviousPrefix); });
  read_values(checkpoint, has_both ? kPreviousPrefix : "", next.parameters());
  next.ops().weights_changed();
}

void load_weights(const Checkpoint& checkpoint, RankState& state) {
  load_weights(checkpoint, state.parameters(), state.layers());
  state.ops().weights_changed();
}

void load_weights(const Checkpoint& checkpoint, ParameterStore& parameters,
                  const std::vector<std::unique_ptr<Layer>>& layers) {
  read_values(checkpoint, "", parameters);
  require_all_used(checkpoint, layers);
}

void load_moments(const Checkpoint& checkpoint, RankState& state) {
  for_each_moment(state, [&](const ValueBox& part, bool) {
    if (!checkpoint.contains(part.name)) {
      fail_checkpoint(checkpoint.folder(),
                      "has no tensor " + part.name +
                          "; is it of another optimizer.type, or of weights alone? Such weights "
                          "begin a run by train.init_from");
    }
    checkpoint.read_slice(part.name, part.shape, part.offset, part.extent, part.span());
  });
}

namespace {

// Of a tokenizer.json of others, or of tokens that say whose they are; else empty.
std::string digest_of(const nlohmann::json& tokenizer, const std::string& where) {
  const auto digest = tokenizer.find("digest");
  if (digest != tokenizer.end() && digest->is_string()) return *digest;
  if (tokenizer.contains("type")) return {};
  return make_tokenizer(tokenizer, {where, ExitCode::kCheckpoint})->digest();
}

}  // namespace

void check_tokenizer(const Checkpoint& checkpoint, const Source& source) {
  const nlohmann::json trained = parsed_json(checkpoint.tokenizer_json());
  if (!trained.is_object()) {
    fail_checkpoint(checkpoint.folder() + "/tokenizer.json", "is not a JSON object");
  }
  const nlohmann::json own = source.tokenizer(), bare = {{"type", "tokens"}};
  if (trained == own) return;
  const std::string file = checkpoint.folder() + "/tokenizer.json";
  const std::string trained_digest = digest_of(trained, file), own_digest = digest_of(own, file);
  if (!own_digest.empty() && (own_digest == trained_digest || trained == bare)) return;
  if (!own_digest.empty() && !trained_digest.empty()) {
    fail_checkpoint(checkpoint.folder(), "was trained with another tokenizer (digest " +
                                             trained_digest + ") than the data's (" + own_digest +
                                             "); set data.tokenizer to the checkpoint's");
  }
  // Tokens without a header, or imported, do not say what they stand for: it may be the same.
  const nlohmann::json gpt2 = {{"type", "gpt2"}}, llama3 = {{"type", "llama3"}};
  if (trained == bare && (own == gpt2 || own == llama3)) return;
  const std::string found = tokenizer_text(trained), expected = tokenizer_text(own);
  const bool images = own.value("type", "") == "image";
  fail_checkpoint(checkpoint.folder(),
                  (images ? "was trained on pixels normalised by another rule ("
                          : "was trained with another vocabulary (") +
                      found + ") than the data's (" +
                      (found == expected ? "as many, but not the same" : expected) + "); " +
                      (images ? "set data.mean, data.std and data.pad to the checkpoint's"
                              : "take the data that it was trained on, cut in the same "
                                "way (data.tokenizer, data.validation_fraction)"));
}

}  // namespace pipetrain
