// The weights of a checkpoint as a folder for others: plain, or as Hugging Face's transformers load
// it. It must not know the command line; tensors pass through memory one at a time.
#pragma once

#include <string>

#include "checkpoint/checkpoint.h"

namespace pipetrain {

// Each returns a line for people. Error(kConfiguration) for an output that is there already and for
// a model that Hugging Face's families cannot express; Error(kCheckpoint) names what is damaged.

// model.safetensors with all parameters and buffers under our names; config.yaml, tokenizer.json.
std::string export_plain(const Checkpoint& checkpoint, const std::string& output);
// config.json and model.safetensors in float32; tokenizer_pipetrain.json is our tokenizer.
std::string export_hf(const Checkpoint& checkpoint, const std::string& output);

}  // namespace pipetrain
