#include "report/run_data.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/folder_lock.h"
#include "base/json_text.h"
#include "config/yaml_tree.h"
#include "report/checkpoint_rows.h"
#include "report/metrics_columns.h"
#include "report/step_drawing.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kNewestFormat = 1;  // of run.json
constexpr std::size_t kMostLines = 4000, kMostSpans = 12'000;
constexpr std::uintmax_t kMostTrace = 60'000'000, kMostText = 200'000;  // bytes
constexpr std::size_t kMostLog = 40'000;
constexpr std::array kPageParts = {"run.json",       "metrics.jsonl", "config.yaml", "trace.json",
                                   "last_step.json", "error.txt",     "run.log",     "checkpoints"};

// What the parts of run.json are that others rely on.
struct Part {
  const char* name;
  bool (Json::*is_right)() const noexcept;
  const char* expected;
};
constexpr std::array kParts = {
    Part{"outcome", &Json::is_string, "text"},    Part{"error", &Json::is_string, "text"},
    Part{"command", &Json::is_string, "text"},    Part{"ranks", &Json::is_array, "a list"},
    Part{"memory", &Json::is_array, "a list"},    Part{"data", &Json::is_array, "a list"},
    Part{"bindings", &Json::is_array, "a list"},  Part{"earlier", &Json::is_array, "a list"},
    Part{"model", &Json::is_object, "an object"}, Part{"figures", &Json::is_object, "an object"},
    Part{"grid", &Json::is_object, "an object"},  Part{"versions", &Json::is_object, "an object"}};

bool is_there(const fs::path& path) {
  std::error_code none;
  return fs::exists(path, none);
}

// The end of a file, from the start of a line on.
std::string end_of(const fs::path& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const auto bytes = static_cast<std::size_t>(file.tellg());
  const bool whole = bytes <= most;
  file.seekg(static_cast<std::streamoff>(whole ? 0 : bytes - most));
  std::string text(std::istreambuf_iterator<char>(file), {});
  return whole ? text : text.substr(std::min(text.find('\n') + 1, text.size()));
}

Json record_in(const fs::path& path) {
  if (!is_there(path)) return nullptr;
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  Json record = parsed_json<Json>(text);
  const auto fail = [&](const std::string& what) {
    throw Error(ExitCode::kData, path.string() + " " + what);
  };
  if (!record.is_object()) fail(json_fault(text, "is damaged: it is not JSON, or was cut short"));
  const Json format = record.value("format", Json());
  if (!format.is_number_integer()) fail("is damaged: it has no format");
  if (format > kNewestFormat) {
    fail("has format " + format.dump() + ", of a newer pipetrain; this one knows up to " +
         std::to_string(kNewestFormat));
  }
  for (const Part& part : kParts) {
    const auto found = record.find(part.name);
    if (found != record.end() && !((*found).*part.is_right)()) {
      fail(std::string("is damaged: its ") + part.name + " is not " + part.expected);
    }
  }
  for (const Json& rank : record.value("ranks", Json::array())) {
    if (!rank.is_object()) fail("is damaged: one of its ranks is not an object");
  }
  return record;
}

std::string state_of(const fs::path& folder, const Json& record) {
  const std::string outcome =
      record.is_object() ? record.value("outcome", std::string("running")) : "running";
  if (outcome != "running") return outcome;
  if (is_held(folder / ".lock")) return "running";
  if (is_there(folder / "error.txt")) return "failed";
  return record.is_object() ? "lost" : "ended";
}

void add_settings(const YamlValue& value, const std::string& key, Json& settings) {
  if (value.kind == YamlValue::Kind::kMap) {
    for (const YamlEntry& entry : value.map) {
      add_settings(entry.value, key.empty() ? entry.key : key + "." + entry.key, settings);
    }
  } else if (value.kind == YamlValue::Kind::kList) {
    std::string text;
    for (const YamlValue& item : value.list) {
      text += (text.empty() ? "" : ", ") +
              (item.kind == YamlValue::Kind::kScalar ? item.text : std::string("{...}"));
    }
    settings.push_back({key, "[" + text + "]"});
  } else {
    settings.push_back({key, value.text});
  }
}

Json settings_in(const fs::path& path) {
  Json settings = Json::array();
  if (is_there(path)) add_settings(read_yaml_file(path.string()), "", settings);
  return settings;
}

// Of the trace, unless that is too long to be looked at whole; else of the last step.
Json step_in(const fs::path& folder, std::size_t most_spans) {
  for (const char* name : {"trace.json", "last_step.json"}) {
    const fs::path path = folder / name;
    std::error_code none;
    const std::uintmax_t bytes = fs::file_size(path, none);
    if (none || bytes > kMostTrace) continue;
    try {
      Json drawing = step_drawing(path.string(), most_spans);
      drawing["file"] = name;
      return drawing;
    } catch (const Error& error) {
      throw Error(error.code(),
                  std::string(error.what()) + "; without that file the rest can be shown");
    }
  }
  return nullptr;
}

// The folder's own name, and of `run` or `.` those above it.
std::string name_of_run(const std::string& folder) {
  std::error_code none;
  fs::path whole = fs::weakly_canonical(folder, none);
  if (none) whole = folder;
  return whole.filename().empty() ? folder : whole.filename().string();
}

void require_run(const fs::path& folder) {
  std::error_code none;
  if (!fs::is_directory(folder, none)) {
    throw Error(ExitCode::kConfiguration,
                "there is no run directory " + folder.string() + "; expected a train.output");
  }
  if (!is_there(folder / "run.json") && !is_there(folder / "metrics.jsonl")) {
    throw Error(ExitCode::kConfiguration,
                folder.string() +
                    " is no run directory: it has neither run.json nor metrics.jsonl; expected a "
                    "train.output");
  }
}

}  // namespace

Json run_data(const std::string& run_directory, const DataBudget& budget) {
  const fs::path folder = run_directory;
  require_run(folder);
  const auto runs = static_cast<std::size_t>(std::max(1, budget.runs));
  const Json record = record_in(folder / "run.json");
  return {{"name", name_of_run(run_directory)},
          {"folder", run_directory},
          {"state", state_of(folder, record)},
          {"record", record},
          {"metrics", metrics_columns((folder / "metrics.jsonl").string(), kMostLines / runs)},
          {"step", step_in(folder, kMostSpans / runs)},
          {"settings", settings_in(folder / "config.yaml")},
          {"config", end_of(folder / "config.yaml", kMostText)},
          {"checkpoints", checkpoint_rows((folder / "checkpoints").string())},
          {"errors", end_of(folder / "error.txt", kMostLog)},
          {"log", end_of(folder / "run.log", kMostLog / runs)}};
}

std::string run_data_stamp(const std::string& run_directory) {
  std::string stamp;
  for (const char* name : kPageParts) {
    std::error_code none;
    const fs::path path = fs::path(run_directory) / name;
    const auto changed = fs::last_write_time(path, none);
    if (none) continue;
    stamp += std::string(name) + " " + std::to_string(changed.time_since_epoch().count());
    const std::uintmax_t bytes = fs::file_size(path, none);
    stamp += " " + (none ? std::string("-") : std::to_string(bytes)) + "\n";
  }
  return stamp + (is_held(fs::path(run_directory) / ".lock") ? "locked" : "");
}

}  // namespace pipetrain
