// All tensors of a model in a Hugging Face folder, and their entries as they lie there and in ours.
// It must not know files.
#pragma once

#include <span>
#include <vector>

#include "checkpoint/safetensors.h"
#include "exchange/hf_family.h"

namespace pipetrain {

// All of a model, those with the same `own` one after the other, in the order of our layers.
std::vector<HfTensor> hf_tensors_of(const HfModel& model);

// Between the whole of ours and the part that is theirs.
void copy_to_hf(const HfTensor& tensor, std::span<const float> own, std::span<float> theirs);
void copy_from_hf(const HfTensor& tensor, const StoredTensor& theirs, std::span<float> own);

}  // namespace pipetrain
