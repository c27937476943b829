// What an imported Hugging Face model goes on with: a configuration of ours, and what says what its
// inputs mean. It must not know weights.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "config/config.h"
#include "exchange/hf_family.h"

namespace pipetrain {

// The folder's tokenizer: without it a model takes token numbers in place of text.
enum class ImportedTokenizer { kTaken, kLeftOut };

struct ImportedConfig {
  Config config;             // the model's, and data of its kind: where they lie is for the user
  nlohmann::json tokenizer;  // as checkpoints keep it
};

// Of a folder whose config.json says that it has this model. Error(kData) names a tokenizer that
// cannot be followed exactly.
ImportedConfig imported_config(const HfModel& model, const std::string& folder,
                               ImportedTokenizer use = ImportedTokenizer::kTaken);

// A tokenizer as an export of ours has it; what it means is checked where it is used.
nlohmann::json read_own_tokenizer(const std::string& path);

}  // namespace pipetrain
