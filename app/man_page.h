// Manual pages in the language of man(7). It must not know which commands and keys there are.
#pragma once

#include <string>

#include "program_words.h"

namespace pipetrain {

std::string program_man_page(const ProgramWords& program);  // pipetrain(1)
std::string config_man_page();                              // pipetrain-CONFIG(5)

}  // namespace pipetrain
