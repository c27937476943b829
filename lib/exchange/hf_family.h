// The families of Hugging Face models that can be exported and imported, one row each. It must not
// know files; a family's own file knows its keys and tensors.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"
#include "nn/layers/decoder.h"

namespace pipetrain {

class HfFields;

// A tensor of theirs: some rows of one of ours, which has `columns` entries a row, 0 for one axis.
struct HfTensor {
  std::string name;  // "model.layers.0.self_attn.k_proj.weight"
  std::string own;   // "layers.1.attention.qkv.weight"
  std::int64_t rows = 0, columns = 0;
  std::int64_t first_row = 0, own_rows = 0;
  bool transposed = false;  // theirs is (columns, rows)

  Extents shape() const;  // of theirs
  Extents own_shape() const;
  std::int64_t elements() const { return rows * (columns == 0 ? 1 : columns); }
};

struct HfFamily {
  std::string_view name;  // its model_type
  const char* description;
  // Of our models. Dropout that it has not is for training and does not hold up an export.
  DecoderFamily models;

  Decoder (*parse)(const HfFields& fields);  // of a config.json; `family` is left out
  nlohmann::ordered_json (*config)(const Decoder& model);
  std::vector<HfTensor> (*tensors)(const Decoder& model);  // but for a head that is not tied
};

std::span<const HfFamily> hf_families();
const HfFamily& hf_family_of(const Decoder& model);  // whose models it is one of
std::vector<std::string> hf_titles();                // of all of them

}  // namespace pipetrain
