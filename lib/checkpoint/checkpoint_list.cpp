#include "checkpoint/checkpoint_list.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/error.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;

// The step of a folder's name, "step-00000500"; none for another name.
std::optional<std::int64_t> step_of(const std::string& name) {
  constexpr std::string_view kPrefix = "step-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* const end = name.data() + name.size();
  const auto [parsed, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (error != std::errc() || parsed != end || step < 0) return std::nullopt;
  return step;
}

// The validation loss in its manifest, if it can be read and has one.
std::optional<double> validation_loss(const std::string& folder) {
  try {
    return read_manifest(folder).position.validation_loss;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::int64_t> checkpoint_steps(const std::string& checkpoints) {
  std::vector<std::int64_t> steps;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, none)) {
    const auto step = step_of(entry.path().filename().string());
    if (step && fs::exists(entry.path() / "manifest.json", none)) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::optional<std::string> newest_good_checkpoint(
    const std::string& checkpoints, const std::function<void(const std::string&)>& refused) {
  const std::vector<std::int64_t> steps = checkpoint_steps(checkpoints);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const std::string folder = checkpoint_folder(checkpoints, *step);
    try {
      open_checkpoint(folder).verify();
      return folder;
    } catch (const Error& error) {
      refused(error.what());
    }
  }
  return std::nullopt;
}

std::vector<std::int64_t> set_aside_newer(const std::string& checkpoints, std::int64_t step) {
  std::vector<fs::path> unfinished;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, error)) {
    if (entry.path().filename().string().starts_with(".step-")) unfinished.push_back(entry.path());
  }
  for (const fs::path& folder : unfinished) {
    fs::remove_all(folder, error);
    if (error) fail_checkpoint(folder.string(), "cannot be removed: " + error.message());
  }
  std::vector<std::int64_t> newer = checkpoint_steps(checkpoints);
  newer.erase(newer.begin(), std::upper_bound(newer.begin(), newer.end(), step));
  const std::string aside = (fs::path(checkpoints) / "set-aside").string();
  for (const std::int64_t given_up : newer) {
    const std::string target = checkpoint_folder(aside, given_up);
    fs::create_directories(aside, error);
    if (!error) fs::remove_all(target, error);
    if (!error) fs::rename(checkpoint_folder(checkpoints, given_up), target, error);
    if (error) fail_checkpoint(target, "cannot be put there: " + error.message());
  }
  return newer;
}

void remove_old_checkpoints(const std::string& checkpoints, std::int64_t step, int keep) {
  std::vector<std::int64_t> older = checkpoint_steps(checkpoints);
  older.erase(std::lower_bound(older.begin(), older.end(), step), older.end());
  std::optional<std::int64_t> best;
  std::optional<double> lowest = validation_loss(checkpoint_folder(checkpoints, step));
  for (const std::int64_t candidate : older) {
    const auto loss = validation_loss(checkpoint_folder(checkpoints, candidate));
    if (!loss || (lowest && *lowest <= *loss)) continue;
    lowest = loss;
    best = candidate;
  }
  const auto spared = static_cast<std::size_t>(keep - 1);
  const std::size_t gone = older.size() > spared ? older.size() - spared : 0;
  for (std::size_t i = 0; i < gone; ++i) {
    if (older[i] == best) continue;
    // Without its manifest it is none any more, wherever the removal is cut off.
    const fs::path folder = checkpoint_folder(checkpoints, older[i]);
    std::error_code error;
    fs::remove(folder / "manifest.json", error);
    if (!error) fs::remove_all(folder, error);
    if (error) fail_checkpoint(folder.string(), "cannot be removed: " + error.message());
  }
}

}  // namespace pipetrain
