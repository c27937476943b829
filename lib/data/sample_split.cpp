#include "data/sample_split.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace pipetrain {
namespace {

// "3 of 10 classes (0, 1, 2)"
std::string missing_text(const std::vector<bool>& there, int first_label) {
  constexpr int kNamed = 5;
  int missing = 0;
  std::string names;
  for (std::size_t k = 0; k < there.size(); ++k) {
    if (there[k] || ++missing > kNamed) continue;
    names += (missing > 1 ? ", " : "") + std::to_string(static_cast<int>(k) + first_label);
  }
  if (missing == 0) return {};
  if (missing > kNamed) names += " and " + std::to_string(missing - kNamed) + " more";
  return std::to_string(missing) + " of " + std::to_string(there.size()) + " classes (" + names +
         ")";
}

}  // namespace

SampleSplit::SampleSplit(std::int64_t samples, std::int64_t training,
                         std::optional<std::uint64_t> key)
    : samples_(samples), training_(training) {
  if (key) order_.emplace(samples, *key);
}

SampleSplit split_samples(const DataConfig& config, std::int64_t samples, std::int64_t of_path,
                          std::uint64_t seed, const std::string& name) {
  const bool own_files = config.validates_files();
  const double fraction = config.validation_fraction;
  const std::int64_t validate =
      own_files ? samples - of_path
                : static_cast<std::int64_t>(std::llround(static_cast<double>(samples) * fraction));
  const char* const empty = validate >= samples                              ? "training"
                            : validate == 0 && (own_files || fraction > 0.0) ? "validation"
                                                                             : nullptr;
  if (empty != nullptr) {
    throw Error(ExitCode::kData, "data: " + name + ": of its " + std::to_string(samples) +
                                     " samples the " + empty +
                                     " part has none; give more data or another "
                                     "data.validation_fraction");
  }
  if (!config.random()) return {samples, samples - validate};
  return {samples, samples - validate, random_key(seed, "data split")};
}

void warn_of_missing_classes(const SampleSplit& split, int classes,
                             const std::function<std::int32_t(std::int64_t)>& class_of,
                             int first_label, bool random, const std::string& name,
                             Warnings& warnings) {
  const auto look = [&](const char* part, std::int64_t first, std::int64_t count) {
    std::vector<bool> there(static_cast<std::size_t>(classes));
    for (std::int64_t i = first; i < first + count; ++i) {
      there[static_cast<std::size_t>(class_of(split.at(i)))] = true;
    }
    const std::string missing = count > 0 ? missing_text(there, first_label) : std::string();
    if (missing.empty()) return;
    warnings.push_back("data: " + name + ": the " + part + " part has no sample of " + missing +
                       (random ? "" : "; if the samples are sorted, set data.validation: random"));
  };
  look("training", 0, split.training());
  look("validation", split.training(), split.validation());
}

}  // namespace pipetrain
