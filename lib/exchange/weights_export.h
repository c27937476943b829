// The weights of a checkpoint as a folder for others: plain, or as Hugging Face's transformers load
// it. It must not know the command line; tensors pass through memory one at a time.
#pragma once

#include <cstdint>
#include <string>

#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"

namespace pipetrain {

// Each returns a line for people. Error(kConfiguration) for an output that is there already and for
// a model that Hugging Face's families cannot express; Error(kCheckpoint) names what is damaged.

// model.safetensors with all parameters and buffers under our names; config.yaml, tokenizer.json.
std::string export_plain(const Checkpoint& checkpoint, const std::string& output);
struct HfExportOptions {
  StoredType type = StoredType::kFloat32;  // or kBFloat16
  std::int64_t shard_bytes = 5'000'000'000;
};

// config.json and model.safetensors, or several of at most `shard_bytes` (but for one tensor that
// is larger) with an index; tokenizer.json is that of theirs, tokenizer_pipetrain.json one of ours.
std::string export_hf(const Checkpoint& checkpoint, const std::string& output,
                      const HfExportOptions& options = {});

}  // namespace pipetrain
