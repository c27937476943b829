#include "report/checkpoint_rows.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "checkpoint/manifest.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::uintmax_t bytes_below(const fs::path& folder) {
  std::uintmax_t bytes = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::uintmax_t size = entry.is_regular_file(none) ? entry.file_size(none) : 0;
    if (!none) bytes += size;
  }
  return bytes;
}

Json checkpoint_row(const fs::path& folder) {
  const std::string path = (folder / "manifest.json").string();
  std::ifstream file(path, std::ios::binary);
  if (!file) return {{"problem", "cannot read " + system_reason(path)}};
  try {
    const TrainingPosition at =
        parse_manifest(std::string(std::istreambuf_iterator<char>(file), {}), path).position;
    return {{"step", at.step},
            {"date", at.origin.date},
            {"validation_loss", at.validation_loss ? Json(*at.validation_loss) : Json()},
            {"doubt", at.doubt}};
  } catch (const Error& error) {
    return {{"problem", error.what()}};
  }
}

}  // namespace

Json checkpoint_rows(const std::string& checkpoints) {
  std::map<std::string, Json> rows;
  std::error_code none;
  const fs::path best = fs::read_symlink(fs::path(checkpoints) / "best", none).filename();
  for (const auto& entry : fs::directory_iterator(checkpoints, none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("step-") || !entry.is_directory(none)) continue;
    Json row = {{"name", name}, {"bytes", bytes_below(entry.path())}, {"best", best == name}};
    row.update(checkpoint_row(entry.path()));
    rows[name] = std::move(row);
  }
  Json list = Json::array();
  for (auto& row : rows) list.push_back(std::move(row.second));
  return list;
}

}  // namespace pipetrain
