// A starting checkpoint from a folder that export or Hugging Face's transformers wrote. It must not
// know the command line; what is in memory at once is one layer.
#pragma once

#include <string>

#include "exchange/imported_config.h"

namespace pipetrain {

// Makes the checkpoint `output`, of step 0 and without an optimizer's moments; returns a line for
// people. Error(kCheckpoint) names the key or tensor of `from` that is wrong, missing or too much,
// Error(kData) a tokenizer that cannot be followed, Error(kConfiguration) an output that is there
// already.
std::string import_weights(const std::string& from, const std::string& output,
                           ImportedTokenizer use = ImportedTokenizer::kTaken);

}  // namespace pipetrain
