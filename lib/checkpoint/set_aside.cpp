#include "checkpoint/set_aside.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

#include "checkpoint/file_io.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "set-aside";

// "metrics.2.jsonl", "step-00000500.2"; the first of a name keeps it.
std::string numbered(const fs::path& name, int number) {
  if (number == 1) return name.string();
  return name.stem().string() + "." + std::to_string(number) + name.extension().string();
}

// The number in such a name.
int number_in(const fs::path& name) {
  for (const std::string& text : {name.extension().string(), name.stem().extension().string()}) {
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data() + !text.empty(), end, number);
    if (error == std::errc() && parsed == end && number > 1) return number;
  }
  return 1;
}

int last_number(const fs::path& folder) {
  int last = 0;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    last = std::max(last, number_in(entry->path().filename()));
  }
  const bool none =
      error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  if (error && !none) fail_checkpoint(folder.string(), "cannot be read: " + error.message());
  return last;
}

}  // namespace

SetAside::SetAside(const std::string& run)
    : run_(run),
      number_(1 +
              std::max(last_number(run_ / kFolder), last_number(run_ / "checkpoints" / kFolder))) {}

void SetAside::take(const fs::path& path) {
  const fs::path folder = path.parent_path() / kFolder;
  const fs::path target = folder / numbered(path.filename(), number_);
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) {
    do fs::rename(path, target, error);
    while (error == std::errc::interrupted);
  }
  if (error) fail_checkpoint(target.string(), "cannot be put there: " + error.message());
  taken_.push_back(target.lexically_relative(run_).string());
}

}  // namespace pipetrain
