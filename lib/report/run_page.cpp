#include "report/run_page.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/output.h"
#include "report/page.h"
#include "report/run_data.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kTitle = "pipetrain: ";

const char* name_of(PageUpdates updates) {
  switch (updates) {
    case PageUpdates::kReload: return "reload";
    case PageUpdates::kEvents: return "events";
    default: return "none";
  }
}

// Runs of one name are told apart by their folders.
void tell_apart(Json& runs) {
  Json names = Json::object();
  for (const Json& run : runs) {
    const auto name = run["name"].get<std::string>();
    names[name] = names.value(name, 0) + 1;
  }
  for (Json& run : runs) {
    if (names[run["name"].get<std::string>()] > 1) run["name"] = run["folder"];
  }
}

}  // namespace

Json report_data(const std::vector<std::string>& run_directories, PageUpdates updates) {
  Json runs = Json::array();
  for (const std::string& folder : run_directories) {
    runs.push_back(run_data(folder, {.runs = static_cast<int>(run_directories.size())}));
  }
  tell_apart(runs);
  return {{"program", "pipetrain " PIPETRAIN_VERSION},
          {"updates", name_of(updates)},
          {"runs", std::move(runs)}};
}

std::string report_page(const Json& data) {
  std::string title(kTitle);
  for (const Json& run : data["runs"]) {
    title += (title.ends_with(": ") ? "" : ", ") + run["name"].get<std::string>();
  }
  return html_page({.title = title,
                    .styles = {"report.css"},
                    .scripts = {"curves.js", "ranks.js", "facts.js", "report.js"}},
                   data);
}

bool is_report_page(std::string_view beginning) {
  return beginning.starts_with("<!DOCTYPE html>") &&
         beginning.find("<title>" + std::string(kTitle)) != std::string_view::npos;
}

void write_run_report(const std::string& run_directory, const PageOptions& options) {
  const std::string path = run_directory + "/report.html";
  Json data = report_data({run_directory}, options.updates);
  Json& state = data["runs"][0]["state"];
  if (options.stopping && state == "running") state = "stopping";
  if (write_renamed(path, report_page(data))) return;
  throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path) +
                                            "; free some space, or set train.report to false");
}

}  // namespace pipetrain
