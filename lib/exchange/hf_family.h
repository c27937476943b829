// The families of Hugging Face models that can be exported and imported, one row each. It must not
// know files; a family's own file knows its keys and tensors.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "checkpoint/safetensors.h"
#include "exchange/hf_files.h"
#include "nn/models/decoder.h"
#include "nn/models/encoder.h"

namespace pipetrain {

class HfFields;

// A tensor of theirs: some rows of one of ours, which has `columns` entries a row, 0 for one axis.
// Theirs may begin with rows that are not used.
struct HfTensor {
  std::string name;  // "model.layers.0.self_attn.k_proj.weight"
  std::string own;   // "layers.1.attention.qkv.weight"
  std::int64_t rows = 0, columns = 0;
  std::int64_t first_row = 0, own_rows = 0;
  bool transposed = false;  // theirs is (columns, rows)
  float added = 0;          // to their entries
  std::int64_t unused_rows = 0;
  // Theirs has queries, keys and values of so many entries of the first head, then of the next; 0:
  // as ours, all queries first.
  std::int64_t head_rows = 0;
  // Where the same entries have other axes than rows and columns: those of theirs, and of ours.
  Extents other_shape = {}, other_own_shape = {};

  Extents shape() const;  // of theirs
  Extents own_shape() const;
  std::int64_t elements() const { return (unused_rows + rows) * (columns == 0 ? 1 : columns); }
};

// What a family of language models brings along; dropout that it has not is for training and does
// not hold up an export.
struct HfDecoders {
  DecoderFamily models;        // of ours
  const char* head = kHfHead;  // the last layer's weight, if it is not tied

  Decoder (*parse)(const HfFields& fields);                // of a config.json; `family` is left out
  nlohmann::ordered_json (*config)(const Decoder& model);  // but for what all have
  std::vector<HfTensor> (*tensors)(const Decoder& model);  // but for a head that is not tied
};

// What a family of classifiers brings along.
struct HfEncoders {
  std::string_view title;  // "ViT"
  bool images;             // else texts

  Encoder (*parse)(const HfFields& fields);  // `classes` and `labels` are left out ...
  nlohmann::ordered_json (*config)(const Encoder& model);  // ... and here, too
  std::vector<HfTensor> (*tensors)(const Encoder& model);
};

struct HfFamily {
  std::string_view name;  // its model_type
  const char* description;
  const char* architecture;  // its class
  std::variant<HfDecoders, HfEncoders> models;

  std::string_view title() const;
};

// A model of one of them.
using HfModel = std::variant<Decoder, Encoder>;

std::span<const HfFamily> hf_families();
const HfFamily& hf_family_of(const HfModel& model);  // whose models it is one of
std::vector<std::string> hf_titles();                // of all of them

}  // namespace pipetrain
