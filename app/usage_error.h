// How a command refuses what it was asked, before anything is done. It must not know any command.
#pragma once

#include <string>

namespace pipetrain {

// Error(kConfiguration) with that reason.
[[noreturn]] void fail(const std::string& reason);

// Error(kConfiguration), "--output DIR is missing; see pipetrain export --help", unless it was
// given.
void require(bool given, const std::string& what, const std::string& command);

}  // namespace pipetrain
