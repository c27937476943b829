#include "setup/resumed_settings.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "config/config_difference.h"
#include "data/fingerprint.h"
#include "optim/learning_curves.h"
#include "optim/learning_rate.h"

namespace pipetrain {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

bool same_bytes(const FileDigest& a, const FileDigest& b) {
  return a.bytes == b.bytes && a.digest == b.digest;
}

// Whether `now` is `before` and something behind it.
bool has_grown(const FileDigest& before, const FileDigest& now) {
  return now.bytes > before.bytes && file_digest(now.path, before.bytes) == before.digest;
}

// Whether what the checkpoint calls its n-th token or sample is that of the files now, too.
bool goes_on(const std::vector<FileDigest>& before, const std::vector<FileDigest>& now) {
  if (before.size() != now.size()) return false;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const bool last = i + 1 == now.size();
    if (!same_bytes(before[i], now[i]) && !(last && has_grown(before[i], now[i]))) return false;
  }
  return true;
}

}  // namespace

std::string keep_decay_steps(const Config& before, Config& now) {
  const LearningRateConfig& old = before.optimizer.schedule;
  LearningRateConfig& own = now.optimizer.schedule;
  if (own.decay_given || !learning_curve_of(own).decays || own.type != old.type ||
      own.decay_steps == old.decay_steps || old.decay_steps <= own.warmup_steps) {
    return {};
  }
  const int whole = own.decay_steps;
  own.decay_steps = old.decay_steps;
  std::string text = fmt::format(
      "the learning rate keeps the checkpoint's curve, optimizer.schedule.decay_steps {}",
      own.decay_steps);
  if (now.train.steps > own.decay_steps) {
    text += fmt::format(", after which it stays at min_learning_rate, {}", own.min_learning_rate);
  }
  return text + fmt::format("; set decay_steps to {} for one over all steps", whole);
}

std::string changed_settings(Config before, int microbatches_before, Config now,
                             int microbatches_now) {
  before.pipeline.microbatches = microbatches_before;
  now.pipeline.microbatches = microbatches_now;
  const std::vector<std::string> differences = config_differences(before, now);
  if (differences.empty()) return {};
  return "settings that differ from the checkpoint's: " + joined(differences);
}

std::string changed_learning_rate(const Config& before, const Config& now, std::int64_t done) {
  const double was = learning_rate_at(before.optimizer, done, before.train.steps);
  const double is = learning_rate_at(now.optimizer, done, now.train.steps);
  if (was == is) return {};
  return fmt::format(
      "the learning rate of step {} is {:.6g}, by the checkpoint's settings it would be {:.6g}",
      done + 1, is, was);
}

std::string changed_rows(std::int64_t rows, std::int64_t rows_now) {
  if (rows == rows_now) return {};
  return "the steps so far took " + std::to_string(rows) +
         " rows, of this batch size and number of microbatches they would be " +
         std::to_string(rows_now) + ": some samples of this epoch may be used twice or not at all";
}

std::string changed_cut(const std::vector<int>& before, const std::vector<int>& now) {
  if (before == now || (before.empty() && now.empty())) return {};
  const auto text = [](const std::vector<int>& first_layers) {
    return first_layers.empty() ? std::string("none")
                                : fmt::format("[{}]", fmt::join(first_layers, ", "));
  };
  return "values are rounded between stages (communication.precision) that begin with layers " +
         text(now) + ", the checkpoint's were " + text(before) +
         ": numbers differ from those of a run that goes on as it began";
}

std::string changed_data(const RunOrigin& before, const RunOrigin& now) {
  constexpr std::size_t kMost = 5;
  if (before.hosts == 0) return {};  // it does not say
  std::vector<std::string> changes;
  if (before.files.size() != now.files.size()) {
    changes.push_back(fmt::format("{} files (were {})", now.files.size(), before.files.size()));
  }
  for (std::size_t i = 0; i < std::min(before.files.size(), now.files.size()); ++i) {
    const FileDigest &old = before.files[i], &own = now.files[i];
    if (same_bytes(old, own)) continue;
    if (has_grown(old, own)) {
      changes.push_back(
          fmt::format("{} has grown from {} to {} bytes", own.path, old.bytes, own.bytes));
    } else {
      changes.push_back(fmt::format("{} is not the {} of before ({} bytes, were {})", own.path,
                                    old.path == own.path ? "file" : old.path, own.bytes,
                                    old.bytes));
    }
  }
  if (changes.empty()) return {};
  if (changes.size() > kMost) {
    const std::size_t more = changes.size() - kMost;
    changes.resize(kMost);
    changes.push_back(fmt::format("and {} more", more));
  }
  return "data that differ from the checkpoint's: " + joined(changes);
}

std::string validated_training(const RunOrigin& before, const RunOrigin& now,
                               const std::string& unit) {
  if (before.all == 0 || now.all == 0 || !goes_on(before.files, now.files)) return {};
  const std::int64_t both = std::min(before.training, now.all) - now.training;
  if (both <= 0) return {};
  return fmt::format(
      "{} of the {} {} that validate now trained before: the validation loss is too "
      "low by what was learned of them",
      both, now.all - now.training, unit);
}

std::string redrawn_validation(const Config& config_before, const Config& config_now,
                               const RunOrigin& before, const RunOrigin& now) {
  const DataConfig &old = config_before.data, &own = config_now.data;
  const bool drawn = old.random() || own.random();
  const bool same = old.validation == own.validation &&
                    old.validation_files == own.validation_files &&
                    old.validation_fraction == own.validation_fraction &&
                    config_before.train.seed == config_now.train.seed &&
                    std::ranges::equal(before.files, now.files, same_bytes);
  if (!drawn || same) return {};
  return "what validates is drawn otherwise than before: some of it has trained, and the "
         "validation "
         "loss is too low by what was learned of it";
}

}  // namespace pipetrain
