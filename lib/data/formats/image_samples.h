// Images as rows of numbers, (H, W, C): each byte x becomes (x / 255 - mean) / deviation of its
// channel. It must not know file formats. Training images may be moved by up to `crop` pixels, what
// comes in being black, and mirrored.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/formats/formats.h"
#include "data/formats/image_set.h"
#include "data/sample_split.h"
#include "data/samples.h"

namespace pipetrain {

class ImageSamples : public Samples {
 public:
  // Mean and deviation, unless configured, are those of the images that train.
  ImageSamples(ImageSet set, const DataConfig& config, const SampleSplit& split);

  std::int64_t size() const override { return set_.size(); }
  Shape row() const override;
  DType dtype() const override { return DType::kFloat32; }
  int vocabulary() const override { return 0; }
  int classes() const override { return set_.classes; }
  std::string description() const override;
  nlohmann::json tokenizer() const override;
  std::int32_t read(std::int64_t sample, const RandomWords* variation, void* row) const override;

  const std::vector<double>& mean() const { return mean_; }
  const std::vector<double>& deviation() const { return deviation_; }

 private:
  void measure(const SampleSplit& split);
  void fill_table();

  ImageSet set_;
  std::int64_t pad_, crop_;
  bool flip_;
  std::vector<double> mean_, deviation_;  // one for each channel
  std::vector<float> table_;              // (C, 256)
};

// Of images that train and validate as the request says.
std::unique_ptr<Source> image_source(ImageSet set, const DataRequest& request);

}  // namespace pipetrain
