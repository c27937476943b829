// Which keys of `data` that only some formats have were given a value of their own. It must not
// know which formats those are.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "data/data_config.h"

namespace pipetrain {

inline std::vector<std::string_view> given_data_options(const DataConfig& data) {
  const DataConfig usual;
  const std::pair<std::string_view, bool> options[] = {
      {"vocabulary", data.vocabulary > 0},
      {"classes", data.classes > 0},
      {"mean", !data.mean.empty()},
      {"std", !data.deviation.empty()},
      {"pad", data.pad > 0},
      {"crop", data.crop > 0},
      {"flip", data.flip},
      {"token_type", data.token_type != usual.token_type},
      {"image", !data.image.empty()},
      {"field", data.field != usual.field},
      {"on_bad_document", data.on_bad_document != usual.on_bad_document},
      {"cache", !data.cache.empty()},
      {"mixture", !data.mixture.empty()},
      {"documents", data.documents != usual.documents},
      {"windows", data.windows != usual.windows},
  };
  std::vector<std::string_view> given;
  for (const auto& [name, is_given] : options) {
    if (is_given) given.push_back(name);
  }
  return given;
}

}  // namespace pipetrain
