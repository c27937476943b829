#include "report/curves/curve_files.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/number.h"
#include "report/curves/tensorboard_record.h"

namespace pipetrain {
namespace {

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return "host";
  return name.data();
}

// Every figure but the step itself; of a list "peak_bytes/0", which TensorBoard shows as a group.
std::vector<TensorboardScalar> scalars_of(const nlohmann::ordered_json& line) {
  std::vector<TensorboardScalar> scalars;
  for (MetricsCell& cell : metrics_cells(line)) {
    if (cell.column == "step") continue;
    // A loss that is not finite is empty in JSON; a curve shows it as a gap.
    const std::optional<double> value = parse_number<double>(cell.text);
    if (!value) continue;
    for (char& c : cell.column) c = c == '.' ? '/' : c;
    scalars.push_back({std::move(cell.column), *value});
  }
  return scalars;
}

}  // namespace

std::string metrics_csv_path(const std::string& run_directory) {
  return run_directory + "/metrics.csv";
}

std::string event_file_name(std::int64_t seconds, const std::string& host, int process) {
  return "events.out.tfevents." + std::to_string(seconds) + "." + host + "." +
         std::to_string(process) + ".pipetrain";
}

CurveFiles::CurveFiles(const std::string& run_directory, std::int64_t step, bool tensorboard)
    : table_(metrics_csv_path(run_directory), run_directory + "/metrics.jsonl") {
  if (!tensorboard) return;
  const double now = seconds_since_1970();
  events_ = std::make_unique<AppendFile>(
      run_directory + "/" +
          event_file_name(static_cast<std::int64_t>(now), host_name(), ::getpid()),
      "train.output");
  events_->append(version_record(now) + start_record(now, step + 1));
}

void CurveFiles::add(const nlohmann::ordered_json& line) {
  table_.add(line);
  if (!events_) return;
  events_->append(
      scalars_record(seconds_since_1970(), line.at("step").get<std::int64_t>(), scalars_of(line)));
}

void CurveFiles::sync() {
  table_.sync();
  if (events_) events_->sync();
}

}  // namespace pipetrain
