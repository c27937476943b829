#include "train/run_record.h"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/json_text.h"
#include "base/output.h"
#include "setup/run_origin.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

// Of a file that is none, or no record, nothing.
Json record_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const Json record = parsed_json<Json>(std::string(std::istreambuf_iterator<char>(file), {}));
  return record.is_object() ? record : Json();
}

bool write(const std::string& path, const Json& record) {
  return write_renamed(path, record.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string path_in(const std::string& run_directory) { return run_directory + "/run.json"; }

// What is kept of a start when the next one begins.
Json in_brief(const Json& record) {
  Json brief = Json::object();
  for (const char* key : {"program", "command", "started", "first_step", "ended", "outcome",
                          "exit_code", "error", "world"}) {
    if (record.contains(key)) brief[key] = record[key];
  }
  return brief;
}

}  // namespace

RunRecord::RunRecord(const std::string& run_directory) : path_(path_in(run_directory)) {}

void RunRecord::begin(Json facts) {
  const Json before = record_in(path_);
  record_ = {{"format", kFormat}};
  record_.update(facts);
  record_["started"] = utc_date();
  record_["ended"] = nullptr;
  record_["outcome"] = "running";
  record_["earlier"] = Json::array();
  if (before.is_object()) {
    const auto earlier = before.find("earlier");
    if (earlier != before.end() && earlier->is_array()) record_["earlier"] = *earlier;
    record_["earlier"].push_back(in_brief(before));
  }
  if (write(path_, record_)) return;
  throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path_) +
                                            "; free some space, or choose another train.output");
}

bool RunRecord::end(const std::string& outcome, const Json& figures) {
  record_["ended"] = utc_date();
  record_["outcome"] = outcome;
  record_["figures"] = figures;
  return write(path_, record_);
}

bool record_failure(const std::string& run_directory, int exit_code, const std::string& error) {
  const std::string path = path_in(run_directory);
  Json record = record_in(path);
  if (!record.is_object() || record.value("outcome", "") != "running") return true;
  record["ended"] = utc_date();
  record["outcome"] = "failed";
  record["exit_code"] = exit_code;
  record["error"] = error;
  return write(path, record);
}

}  // namespace pipetrain
