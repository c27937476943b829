// Which of the samples train and which validate. It must not know what a sample is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "data/data_config.h"
#include "data/data_files.h"
#include "data/permutation.h"

namespace pipetrain {

class SampleSplit {
 public:
  // The last ones validate, as they lie or in a random order that the key decides.
  SampleSplit(std::int64_t samples, std::int64_t training,
              std::optional<std::uint64_t> key = std::nullopt);

  std::int64_t training() const { return training_; }
  std::int64_t validation() const { return samples_ - training_; }
  bool in_order() const { return !order_; }  // the first ones train
  // The sample at a place; those at the places below training() train.
  std::int64_t at(std::int64_t place) const { return order_ ? order_->at(place) : place; }

 private:
  std::int64_t samples_, training_;
  std::optional<Permutation> order_;
};

// As data.validation says; `of_path` of the samples are of data.path, the others of files that
// validate. Error(kData) if there are none to train or, unless the fraction is 0, none to validate.
SampleSplit split_samples(const DataConfig& config, std::int64_t samples, std::int64_t of_path,
                          std::uint64_t seed, const std::string& name);

// Says which classes have no sample in a part. Labels of class 0 are written `first_label`.
void warn_of_missing_classes(const SampleSplit& split, int classes,
                             const std::function<std::int32_t(std::int64_t)>& class_of,
                             int first_label, bool random, const std::string& name,
                             Warnings& warnings);

}  // namespace pipetrain
