// The files of the folder page/ as they were when the program was built. It must not know what a
// page shows.
#pragma once

#include <cstddef>
#include <string_view>

namespace pipetrain {

struct PageAsset {
  std::string_view name, text;  // "style.css"
};

extern const PageAsset kPageAssets[];
extern const std::size_t kPageAssetCount;

// Its text. The name is one of ours.
std::string_view page_asset(std::string_view name);

}  // namespace pipetrain
