// A Hugging Face model's config.json, written and read. It must not know tensors or our own
// configuration.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "exchange/hf_family.h"

namespace pipetrain {

nlohmann::ordered_json hf_config_of(const HfModel& model);

// Error(kCheckpoint) that begins with `file` and names the key: a size that is missing or does not
// fit, another architecture, or an option whose results ours would not give.
HfModel parse_hf_config(const nlohmann::json& config, const std::string& file);

}  // namespace pipetrain
