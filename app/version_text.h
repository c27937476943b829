// What `pipetrain --version` prints: the program and what it was built with and runs on, a line
// each.
#pragma once

#include <string>

namespace pipetrain {

std::string version_text();

}  // namespace pipetrain
