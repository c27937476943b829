// What this computer is, in a few words for people. It must not know who asks.
#pragma once

#include <filesystem>
#include <string>

namespace pipetrain {

// "AMD EPYC 7763 64-Core Processor"; empty if the system does not say.
std::string processor_name(const std::filesystem::path& file = "/proc/cpuinfo");
// "Linux 6.1.0 x86_64"
std::string system_name();
// What compiled this program: "g++ 12.2.0"
std::string compiler_name();

}  // namespace pipetrain
