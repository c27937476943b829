#include "report/page_asset.h"

#include <algorithm>
#include <cassert>

namespace pipetrain {

std::string_view page_asset(std::string_view name) {
  const auto found = std::ranges::find(kPageAssets, name, &EmbeddedFile::name);
  assert(found != kPageAssets.end());
  return found->text;
}

}  // namespace pipetrain
