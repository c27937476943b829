// The files of the folder page/ as they were when the program was built. It must not know what a
// page shows.
#pragma once

#include <span>
#include <string_view>

#include "base/embedded_file.h"

namespace pipetrain {

extern const std::span<const EmbeddedFile> kPageAssets;

// Its text. The name is one of ours.
std::string_view page_asset(std::string_view name);

}  // namespace pipetrain
