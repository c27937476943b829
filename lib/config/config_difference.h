// The keys in which two configurations differ. It must not know what they lead to.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace pipetrain {

// "optimizer.learning_rate 0.003 (was 0.001)" for each, in the order of their names; "none" stands
// for what is not given.
std::vector<std::string> config_differences(const Config& before, const Config& now);

}  // namespace pipetrain
