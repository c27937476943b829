// The lines of a metrics.jsonl as JSON. It must not know what stands in them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>

#include "base/json_text.h"

namespace pipetrain {

// The whole file; nothing if there is none, or of a pipe, which has no end.
inline std::string metrics_text(const std::string& path) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) return "";
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Calls visit(object) for each line that is a JSON object; one that was cut short is none.
template <class Visit>
void for_each_metrics_line(std::string_view lines, Visit&& visit) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const auto line = parsed_json<nlohmann::ordered_json>(lines.substr(0, end));
    if (line.is_object()) visit(line);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

}  // namespace pipetrain
