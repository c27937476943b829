#include "train/weights.h"

#include <nlohmann/json.hpp>
#include <set>

#include "checkpoint/file_io.h"

namespace pipetrain {
namespace {

// A tensor that the model has no place for would be lost without a word.
void require_all_used(const Checkpoint& checkpoint,
                      const std::vector<std::unique_ptr<Layer>>& layers) {
  std::set<std::string> known;
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) known.insert(parameter.name);
    for (const Buffer& buffer : layer->buffers()) known.insert(buffer.name);
  }
  for (const std::string& name : checkpoint.names()) {
    if (!name.starts_with("layers.") || known.contains(name)) continue;
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

std::string moment_name(const std::string& moment, const ParameterSlot& slot) {
  return "optimizer." + moment + "." + slot.parameter->name;
}

// body(moment's name, piece of a parameter, its moments) for all that this rank updates.
template <class Body>
void for_each_moment(PipelineRank& pipeline, const Body& body) {
  for (std::size_t s = 0; s < pipeline.updated_pieces().size(); ++s) {
    for (const Optimizer::Moment& moment : pipeline.optimizer().moments(s)) {
      float* at = moment.values->f32();
      for (const Piece& piece : pipeline.updated_pieces()[s]) {
        body(moment_name(moment.name, *piece.slot), piece, at);
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

std::vector<CheckpointTensor> tensors_to_save(PipelineRank& pipeline) {
  std::vector<CheckpointTensor> tensors;
  const bool first_replica = pipeline.position().data == 0;
  for (StageParameters& stage : pipeline.parameters().stages()) {
    if (!first_replica) break;  // the others have the same
    const auto add = [&](const auto& tensor) {
      tensors.push_back(
          {.name = tensor.name, .shape = extents_of(tensor.shape), .data = tensor.value});
    };
    for (const ParameterSlot& slot : stage.slots) {
      if (slot.owned) add(*slot.parameter);
    }
    for (const Buffer* buffer : stage.buffers) add(*buffer);
  }
  if (!first_replica && !pipeline.shards_optimizer()) return tensors;
  for_each_moment(pipeline, [&](const std::string& name, const Piece& piece, const float* moments) {
    if (!piece.slot->owned) return;
    tensors.push_back({.name = name,
                       .shape = {piece.slot->elements},
                       .offset = {piece.first},
                       .extent = {piece.elements},
                       .data = moments});
  });
  return tensors;
}

void load_weights(const Checkpoint& checkpoint, PipelineRank& pipeline) {
  load_weights(checkpoint, pipeline.parameters(), pipeline.layers());
  pipeline.ops().weights_changed();
}

void load_weights(const Checkpoint& checkpoint, ParameterStore& parameters,
                  const std::vector<std::unique_ptr<Layer>>& layers) {
  for (StageParameters& stage : parameters.stages()) {
    for (const ParameterSlot& slot : stage.slots) {
      checkpoint.read(slot.parameter->name, extents_of(slot.parameter->shape),
                      stage.values.floats().subspan(static_cast<std::size_t>(slot.offset),
                                                    static_cast<std::size_t>(slot.elements)));
    }
    for (const Buffer* buffer : stage.buffers) {
      checkpoint.read(buffer->name, extents_of(buffer->shape),
                      {buffer->value, static_cast<std::size_t>(buffer->shape.elements())});
    }
  }
  require_all_used(checkpoint, layers);
}

void load_moments(const Checkpoint& checkpoint, PipelineRank& pipeline) {
  for_each_moment(pipeline, [&](const std::string& name, const Piece& piece, float* moments) {
    if (!checkpoint.contains(name)) {
      fail_checkpoint(checkpoint.folder(),
                      "has no tensor " + name +
                          "; is it of another optimizer.type, or of weights alone? Such weights "
                          "begin a run by train.init_from");
    }
    checkpoint.read_part(name, piece.slot->elements, piece.first,
                         {moments, static_cast<std::size_t>(piece.elements)});
  });
}

void check_tokenizer(const Checkpoint& checkpoint, const Source& source) {
  const nlohmann::json trained =
      nlohmann::json::parse(checkpoint.tokenizer_json(), nullptr, /*allow_exceptions=*/false);
  if (!trained.is_object()) {
    fail_checkpoint(checkpoint.folder() + "/tokenizer.json", "is not a JSON object");
  }
  const nlohmann::json own = source.tokenizer();
  if (trained == own) return;
  // Tokens without a header, or imported, do not say what they stand for: it may be the same.
  const nlohmann::json gpt2 = {{"type", "gpt2"}}, llama3 = {{"type", "llama3"}};
  if (trained == nlohmann::json{{"type", "tokens"}} && (own == gpt2 || own == llama3)) return;
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
