#include "data/source.h"

#include <algorithm>
#include <cassert>

#include "data/csv_samples.h"
#include "data/image_samples.h"
#include "data/sample_source.h"
#include "data/synthetic_samples.h"
#include "data/synthetic_source.h"
#include "data/token_source.h"

namespace pipetrain {
namespace {

std::unique_ptr<Source> open_images(const DataConfig& config, std::uint64_t seed) {
  ImageSet set =
      config.format == "idx" ? open_idx(config.path, config.classes) : open_cifar(config.path);
  const std::int64_t training =
      training_samples(set.size(), config.validation_fraction, set.name());
  return std::make_unique<SampleSource>(
      std::make_unique<ImageSamples>(std::move(set), config, training), training, seed);
}

std::unique_ptr<Source> make_synthetic(const DataConfig& config, int sequence_length,
                                       std::uint64_t seed, int vocabulary) {
  const bool validate = config.validation_fraction > 0;
  if (!config.labels()) {
    return std::make_unique<SyntheticSource>(sequence_length, seed, vocabulary, validate);
  }
  const std::int64_t samples = config.samples + (validate ? kSyntheticValidationRows : 0);
  std::unique_ptr<Samples> made;
  if (config.images()) {
    const std::vector<int>& image = config.image;
    made = std::make_unique<SyntheticImages>(samples, Shape{image[0], image[1], image[2]},
                                             config.classes, seed);
  } else {
    made = std::make_unique<SyntheticTexts>(samples, sequence_length, vocabulary, config.classes,
                                            seed);
  }
  return std::make_unique<SampleSource>(std::move(made), config.samples, seed);
}

}  // namespace

std::unique_ptr<Source> open_source(const DataConfig& config, int sequence_length,
                                    std::uint64_t seed, int vocabulary) {
  if (config.format == "synthetic") {
    return make_synthetic(config, sequence_length, seed, vocabulary);
  }
  if (config.images()) return open_images(config, seed);
  // Of a vocabulary made from the data.
  const int limit = config.vocabulary > 0 && vocabulary > 0
                        ? std::min(config.vocabulary, vocabulary)
                        : std::max(config.vocabulary, vocabulary);
  if (config.format == "csv") {
    auto samples = std::make_unique<CsvSamples>(config, sequence_length, limit);
    const std::int64_t training = samples->training_samples();
    return std::make_unique<SampleSource>(std::move(samples), training, seed);
  }
  assert(config.format == "text" || config.format == "tokens");
  Corpus corpus = config.format == "tokens" ? open_tokens(config.path)
                  : config.tokenizer == "word"
                      ? open_words(config.path, config.validation_fraction, limit)
                      : open_text(config.path, config.tokenizer);
  return std::make_unique<TokenSource>(std::move(corpus), config.validation_fraction,
                                       sequence_length, seed, vocabulary);
}

}  // namespace pipetrain
