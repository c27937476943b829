#include "train/metrics.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "base/output.h"
#include "base/uninterrupted.h"

namespace pipetrain {
namespace {

// The step of a line of metrics; -1 if it is none.
std::int64_t step_of(const std::string& line) {
  const nlohmann::json parsed = parsed_json(line);
  const bool known = parsed.is_object() && parsed.contains("step") &&
                     parsed["step"].is_number_integer() && parsed["step"] >= 0;
  return known ? parsed["step"].get<std::int64_t>() : -1;
}

struct Kept {
  std::string lines;
  int cut = 0, unreadable = 0;  // lines that go, or have no end; those of them that are none
};

Kept kept_lines(const std::string& path, std::int64_t last) {
  Kept kept;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return kept;  // a pipe has no end
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    const bool cut_off = file.eof();
    const std::int64_t step = step_of(line);
    const bool stays = step >= 0 && step <= last;
    if (stays) kept.lines += line + "\n";
    if (!stays || cut_off) ++kept.cut;
    if (step < 0 && !cut_off) ++kept.unreadable;
  }
  return kept;
}

}  // namespace

MetricsFile::MetricsFile(const std::string& path) : file_(path, "train.output") {}

int MetricsFile::keep(std::int64_t step, SetAside& aside) {
  const Kept kept = kept_lines(file_.path(), step);
  if (kept.cut == 0) return 0;
  const std::string part = file_.path() + ".part";
  if (!write_whole(part, kept.lines)) {
    throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(part) +
                                              "; free some space and start again, or choose "
                                              "another train.output");
  }
  aside.take(file_.path());
  if (uninterrupted([&] { return std::rename(part.c_str(), file_.path().c_str()); }) != 0) {
    throw Error(ExitCode::kConfiguration,
                "cannot write " + system_reason(file_.path()) + "; choose another train.output");
  }
  file_.reopen();
  return step < 0 ? 0 : kept.unreadable;
}

void MetricsFile::write(const nlohmann::ordered_json& line) { file_.append(line.dump() + "\n"); }

}  // namespace pipetrain
