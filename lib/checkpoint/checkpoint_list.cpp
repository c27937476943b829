#include "checkpoint/checkpoint_list.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;

// The step of a folder's name, "step-00000500"; none for another name, such as "step-500".
std::optional<std::int64_t> step_of(const std::string& name) {
  constexpr std::string_view kPrefix = "step-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* const end = name.data() + name.size();
  const auto [parsed, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (error != std::errc() || parsed != end || step < 0) return std::nullopt;
  if (fs::path(checkpoint_folder("", step)).filename() != name) return std::nullopt;
  return step;
}

fs::path best_link(const std::string& checkpoints) { return fs::path(checkpoints) / "best"; }

bool is_link(const fs::path& path) {
  std::error_code unknown;
  return fs::is_symlink(fs::symlink_status(path, unknown));
}

// What is in the folder; nothing only where there is none. A folder that cannot be read may hold
// anything, and so may a link to somewhere else that is not there now.
std::vector<fs::path> paths_in(const std::string& checkpoints) {
  std::error_code error;
  std::vector<fs::path> entries;
  fs::directory_iterator entry(checkpoints, error);
  if (!error) {
    for (; entry != fs::directory_iterator() && !error; entry.increment(error)) {
      entries.push_back(entry->path());
    }
  }
  const bool none = error == std::errc::not_a_directory ||
                    (error == std::errc::no_such_file_or_directory && !is_link(checkpoints));
  if (error && !none) fail_checkpoint(checkpoints, "cannot be read: " + error.message());
  return entries;
}

// Whether it has a manifest, or one cannot tell.
bool may_be_complete(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "manifest.json", error) || error;
}

// The steps of all folders that are named as checkpoints are, whole or not, ascending.
std::vector<std::int64_t> named_steps(const std::string& checkpoints) {
  std::vector<std::int64_t> steps;
  for (const fs::path& entry : paths_in(checkpoints)) {
    if (const auto step = step_of(entry.filename().string())) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

// Under its hidden name it is none any more, wherever the removal is cut off. Of a link, what it
// leads to stays.
void remove_checkpoint(const fs::path& folder) {
  const fs::path hidden =
      folder.parent_path() / std::string(".").append(folder.filename().string()).append(".removed");
  std::error_code error;
  fs::remove_all(hidden, error);
  if (!error) fs::rename(folder, hidden, error);
  if (!error) fs::remove_all(hidden, error);
  if (error) fail_checkpoint(folder.string(), "cannot be removed: " + error.message());
}

// Of these steps the one whose manifest has the lowest validation loss; of several the last.
std::optional<std::int64_t> best_of(const std::string& checkpoints,
                                    const std::vector<std::int64_t>& steps) {
  std::optional<std::int64_t> best;
  std::optional<double> lowest;
  for (const std::int64_t step : steps) {
    try {
      const auto loss =
          read_manifest(checkpoint_folder(checkpoints, step)).position.validation_loss;
      if (!loss || (lowest && *lowest < *loss)) continue;
      lowest = loss;
      best = step;
    } catch (const Error&) {  // a damaged one is not the best
      continue;
    }
  }
  return best;
}

}  // namespace

std::vector<std::int64_t> checkpoint_steps(const std::string& checkpoints) {
  std::vector<std::int64_t> steps = named_steps(checkpoints);
  std::erase_if(steps, [&](std::int64_t step) {
    return !may_be_complete(checkpoint_folder(checkpoints, step));
  });
  return steps;
}

std::optional<std::string> newest_good_checkpoint(
    const std::string& checkpoints, const std::function<void(const std::string&)>& refused) {
  const std::vector<std::int64_t> steps = named_steps(checkpoints);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const std::string folder = checkpoint_folder(checkpoints, *step);
    try {
      const Checkpoint checkpoint = open_checkpoint(folder);
      checkpoint.verify();
      if (const std::string& doubt = checkpoint.position().doubt; !doubt.empty()) {
        fail_checkpoint(folder, "may hold ruined weights (" + doubt +
                                    "); give its name to --resume to go on from it all the same");
      }
      return folder;
    } catch (const Error& error) {
      refused(error.what());
    }
  }
  return std::nullopt;
}

std::vector<std::int64_t> set_aside_newer(const std::string& checkpoints, std::int64_t step,
                                          SetAside& aside) {
  std::error_code error;
  for (const fs::path& entry : paths_in(checkpoints)) {
    if (!entry.filename().string().starts_with(".step-")) continue;
    fs::remove_all(entry, error);
    if (error) fail_checkpoint(entry.string(), "cannot be removed: " + error.message());
  }
  std::vector<std::int64_t> newer = named_steps(checkpoints);
  newer.erase(newer.begin(), std::upper_bound(newer.begin(), newer.end(), step));
  for (const std::int64_t given_up : newer) aside.take(checkpoint_folder(checkpoints, given_up));
  if (is_link(best_link(checkpoints))) link_best_checkpoint(checkpoints);
  return newer;
}

void remove_old_checkpoints(const std::string& checkpoints, std::int64_t step, int keep) {
  if (!read_manifest(checkpoint_folder(checkpoints, step)).position.doubt.empty()) return;
  std::vector<std::int64_t> steps = checkpoint_steps(checkpoints);
  steps.erase(std::upper_bound(steps.begin(), steps.end(), step), steps.end());
  const auto best = best_of(checkpoints, steps);
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < steps.size(); ++i) {
    if (steps[i] != best) remove_checkpoint(checkpoint_folder(checkpoints, steps[i]));
  }
}

void link_best_checkpoint(const std::string& checkpoints) {
  const fs::path link = best_link(checkpoints), fresh = link.parent_path() / ".best";
  std::error_code error;
  if (const auto best = best_of(checkpoints, checkpoint_steps(checkpoints))) {
    fs::remove(fresh, error);
    const fs::path folder = checkpoint_folder(checkpoints, *best);
    if (!error) fs::create_directory_symlink(folder.filename(), fresh, error);
    if (!error) fs::rename(fresh, link, error);
  } else if (is_link(link)) {
    fs::remove(link, error);
  }
  if (error) fail_checkpoint(link.string(), "cannot be made a link: " + error.message());
}

}  // namespace pipetrain
