// Data made by a rule: tokens, or texts or images with a label.
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "data/formats/formats.h"
#include "data/formats/synthetic_samples.h"
#include "data/formats/synthetic_source.h"
#include "data/sample_source.h"

namespace pipetrain {

std::unique_ptr<Source> open_synthetic(const DataRequest& request) {
  const DataConfig& config = request.config;
  const bool validate = config.validation_fraction > 0;
  if (!gives_labels(config)) {
    return std::make_unique<SyntheticSource>(
        SyntheticTokens{.sequence_length = request.sequence_length,
                        .vocabulary = request.vocabulary,
                        .seed = request.seed,
                        .validate = validate});
  }
  const std::int64_t samples = config.samples + (validate ? SyntheticSource::kValidationRows : 0);
  std::unique_ptr<Samples> made;
  if (gives_images(config)) {
    const std::vector<int>& image = config.image;
    made = std::make_unique<SyntheticImages>(samples, Shape{image[0], image[1], image[2]},
                                             config.classes, request.seed);
  } else {
    made = std::make_unique<SyntheticTexts>(samples, request);
  }
  return std::make_unique<SampleSource>(std::move(made), SampleSplit(samples, config.samples),
                                        request.seed);
}

}  // namespace pipetrain
