#include "setup/model_profile.h"

#include <cstddef>
#include <cstdint>

#include "tensor/memory.h"

namespace pipetrain {
namespace {

std::int64_t row_bytes(const Shape& row, DType dtype) {
  return row.elements() * static_cast<std::int64_t>(element_bytes(dtype));
}

}  // namespace

ModelProfile model_profile(const std::vector<std::unique_ptr<Layer>>& layers, DType messages) {
  ModelProfile model;
  model.halves_messages =
      messages == DType::kBFloat16 && layers.front()->activations() == DType::kFloat32;
  for (const auto& layer : layers) {
    LayerFacts& facts = model.layers.emplace_back();
    facts.name = layer->name();
    facts.input_row_bytes = row_bytes(layer->input_row(), layer->input_dtype());
    facts.output_row_bytes = row_bytes(layer->output_row(), layer->output_dtype());
    const Layer::GroupSums sums = layer->group_sums();
    facts.group_sums = {sums.count,
                        sums.count * sums.elements *
                            static_cast<std::int64_t>(element_bytes(layer->activations()))};
    for (const Parameter& parameter : layer->parameters()) {
      facts.parameters.push_back(
          {parameter.name, parameter.elements(), parameter.looked_up ? parameter.shape.back() : 0});
    }
    for (const Buffer& buffer : layer->buffers()) {
      facts.buffer_elements += buffer.shape.elements();
    }
  }
  model.block_bytes = [](std::int64_t bytes) {
    return static_cast<std::int64_t>(block_bytes(static_cast<std::size_t>(bytes)));
  };
  const Layer& first = *layers.front();
  model.input_row_bytes = row_bytes(first.input_row(), first.data_dtype());
  model.target_row_bytes = row_bytes(layers.back()->output_row().without_last(), DType::kInt32);
  return model;
}

ModelProfile slice_profile(const ModelProfile& whole, const SequenceSlices& slices, int slice) {
  ModelProfile part = whole;
  part.measured.clear();
  for (LayerFacts& layer : part.layers) {
    for (std::int64_t* bytes : {&layer.input_row_bytes, &layer.output_row_bytes}) {
      *bytes = *bytes / slices.row_tokens() * slices.tokens(slice);
    }
  }
  return part;
}

}  // namespace pipetrain
