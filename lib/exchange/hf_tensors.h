// Which tensor of a Hugging Face folder is which part of ours, and how it lies there. It must not
// know files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "exchange/hf_model.h"

namespace pipetrain {

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

// All of a model, those with the same `own` one after the other, in the order of our layers.
std::vector<HfTensor> hf_tensors_of(const HfModel& model);

// Between the whole of ours and the part that is theirs.
void copy_to_hf(const HfTensor& tensor, std::span<const float> own, std::span<float> theirs);
void copy_from_hf(const HfTensor& tensor, const StoredTensor& theirs, std::span<float> own);

}  // namespace pipetrain
