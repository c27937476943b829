#include "report/page_asset.h"

#include <algorithm>
#include <cassert>

namespace pipetrain {

std::string_view page_asset(std::string_view name) {
  const PageAsset* end = kPageAssets + kPageAssetCount;
  const PageAsset* found =
      std::find_if(kPageAssets, end, [&](const PageAsset& asset) { return asset.name == name; });
  assert(found != end);
  return found->text;
}

}  // namespace pipetrain
