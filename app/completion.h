// Scripts by which shells complete the program's commands and options. It must not know which there
// are.
#pragma once

#include <string>
#include <vector>

#include "program_words.h"

namespace pipetrain {

std::string bash_completion(const std::vector<CommandWords>& commands);
std::string zsh_completion(const std::vector<CommandWords>& commands);
std::string fish_completion(const std::vector<CommandWords>& commands);

}  // namespace pipetrain
