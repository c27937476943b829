// The names of a classifier's labels in a config.json. It must not know any family.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "exchange/hf_fields.h"

namespace pipetrain {

// By their numbers, from 0 on. Error(kCheckpoint) if it is no classifier of one label a row.
std::vector<std::string> parse_hf_labels(const HfFields& fields);

// The names that transformers gives to so many labels.
std::vector<std::string> usual_hf_labels(int count);

// So many labels; if there are no names the usual ones.
void write_hf_labels(const std::vector<std::string>& names, int classes,
                     nlohmann::ordered_json& config);

}  // namespace pipetrain
