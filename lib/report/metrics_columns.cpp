#include "report/metrics_columns.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/json_text.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

struct Lines {
  std::vector<Json> all;
  bool cut_short = false;
};

Json parsed(const std::string& line, const std::string& path, std::size_t number) {
  Json made = parsed_json<Json>(line);
  const bool right = made.is_object() && made.contains("step") && made["step"].is_number_integer();
  if (right) return made;
  throw Error(ExitCode::kData, path + ":" + std::to_string(number) +
                                   ": is no line of metrics; expected a JSON object with a step "
                                   "(a resumed run leaves out what cannot be read)");
}

Lines lines_in(const std::string& path) {
  Lines lines;
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) return lines;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ExitCode::kConfiguration, "cannot read " + system_reason(path));
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (file.eof()) {
      lines.cut_short = true;
    } else {
      lines.all.push_back(parsed(line, path, number));
    }
  }
  return lines;
}

double loss_of(const Json& line) {
  const auto found = line.find("loss");
  return found != line.end() && found->is_number() ? found->get<double>() : 0;
}

// Which lines stay.
std::vector<std::size_t> chosen(const std::vector<Json>& lines, std::size_t most) {
  std::set<std::size_t> kept;
  const std::size_t stretch =
      std::max<std::size_t>(1, 3 * lines.size() / std::max<std::size_t>(1, most));
  for (std::size_t begin = 0; begin < lines.size(); begin += stretch) {
    const std::size_t end = std::min(begin + stretch, lines.size());
    std::size_t low = begin, high = begin;
    for (std::size_t i = begin; i < end; ++i) {
      if (loss_of(lines[i]) < loss_of(lines[low])) low = i;
      if (loss_of(lines[i]) > loss_of(lines[high])) high = i;
      if (lines[i].contains("val_loss")) kept.insert(i);
    }
    kept.insert({begin, low, high});
  }
  if (!lines.empty()) kept.insert(lines.size() - 1);
  return {kept.begin(), kept.end()};
}

}  // namespace

Json metrics_columns(const std::string& path, std::size_t most) {
  const Lines lines = lines_in(path);
  Json made = Json::object();
  const std::vector<std::size_t> kept =
      lines.all.size() <= most ? chosen(lines.all, 3 * lines.all.size()) : chosen(lines.all, most);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    for (const auto& [key, value] : lines.all[kept[i]].items()) {
      if (key == "peak_bytes") made["peak_bytes"] = value;
      if (!value.is_number() && !made.contains(key)) continue;
      if (key == "peak_bytes" || key == "cut_short" || key == "lines") continue;
      Json& column = made[key];
      while (column.size() < i) column.push_back(nullptr);
      column.push_back(value.is_number() ? value : Json());
    }
  }
  for (auto& [key, column] : made.items()) {
    while (key != "peak_bytes" && column.size() < kept.size()) column.push_back(nullptr);
  }
  made["lines"] = lines.all.size();
  made["cut_short"] = lines.cut_short;
  return made;
}

}  // namespace pipetrain
