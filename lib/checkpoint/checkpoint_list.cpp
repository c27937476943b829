#include "checkpoint/checkpoint_list.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

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

// What is in the folder; nothing only where there is none. A folder that cannot be read may hold
// anything, and so may a link to somewhere else that is not there now.
std::vector<fs::path> entries_of(const std::string& checkpoints) {
  std::error_code error;
  std::vector<fs::path> entries;
  fs::directory_iterator entry(checkpoints, error);
  if (!error) {
    for (; entry != fs::directory_iterator() && !error; entry.increment(error)) {
      entries.push_back(entry->path());
    }
  }
  std::error_code unknown;
  const bool none = error == std::errc::not_a_directory ||
                    (error == std::errc::no_such_file_or_directory &&
                     !fs::is_symlink(fs::symlink_status(checkpoints, unknown)));
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
  for (const fs::path& entry : entries_of(checkpoints)) {
    if (const auto step = step_of(entry.filename().string())) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

// Under its hidden name it is none any more, wherever the removal is cut off. Of a link, what it
// leads to stays.
void remove_checkpoint(const fs::path& folder) {
  const fs::path hidden = folder.parent_path() / ("." + folder.filename().string() + ".removed");
  std::error_code error;
  fs::remove_all(hidden, error);
  if (!error) fs::rename(folder, hidden, error);
  if (!error) fs::remove_all(hidden, error);
  if (error) fail_checkpoint(folder.string(), "cannot be removed: " + error.message());
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
      open_checkpoint(folder).verify();
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
  for (const fs::path& entry : entries_of(checkpoints)) {
    if (!entry.filename().string().starts_with(".step-")) continue;
    fs::remove_all(entry, error);
    if (error) fail_checkpoint(entry.string(), "cannot be removed: " + error.message());
  }
  std::vector<std::int64_t> newer = named_steps(checkpoints);
  newer.erase(newer.begin(), std::upper_bound(newer.begin(), newer.end(), step));
  for (const std::int64_t given_up : newer) aside.take(checkpoint_folder(checkpoints, given_up));
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
    remove_checkpoint(checkpoint_folder(checkpoints, older[i]));
  }
}

}  // namespace pipetrain
