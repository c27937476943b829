// A tokenizer.json as the library `tokenizers` writes it, from its JSON. It must not know files.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "text/subwords/load_tokenizer.h"

namespace pipetrain {

// `config` is the tokenizer_config.json beside it, or null.
std::unique_ptr<Tokenizer> read_subwords(nlohmann::json& file, const nlohmann::json& config,
                                         const TokenizerPlace& place);

}  // namespace pipetrain
