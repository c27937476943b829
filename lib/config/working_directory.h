// The folder that the program was started in, which may have been removed meanwhile.
#pragma once

#include <filesystem>

namespace pipetrain {

// Throws Error(kConfiguration) where there is none any more.
std::filesystem::path working_directory();
// `path`, begun at the working directory unless it begins at the root.
std::filesystem::path from_working_directory(const std::filesystem::path& path);

}  // namespace pipetrain
