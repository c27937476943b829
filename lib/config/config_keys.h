// The keys of the configuration as a list for people, in Markdown. It must not know how they are
// read.
#pragma once

#include <string>
#include <vector>

namespace pipetrain {

struct ConfigKeyRow {
  std::string name;       // "train.steps"
  std::string values;     // "a whole number of at least 1"
  std::string otherwise;  // what counts where it is not given
  std::string meaning;
};

// All of them, in the order in which they are written.
std::vector<ConfigKeyRow> config_keys();

}  // namespace pipetrain
