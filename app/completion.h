// Scripts by which shells complete the program's commands and options. It must not know which there
// are.
#pragma once

#include <string>

#include "program_words.h"

namespace pipetrain {

std::string bash_completion(const ProgramWords& program);
std::string zsh_completion(const ProgramWords& program);
std::string fish_completion(const ProgramWords& program);

}  // namespace pipetrain
