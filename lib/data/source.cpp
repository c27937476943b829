#include "data/source.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "data/csv_samples.h"
#include "data/image_samples.h"
#include "data/sample_source.h"
#include "data/synthetic_samples.h"
#include "data/synthetic_source.h"
#include "data/token_source.h"

namespace pipetrain {
namespace {

std::unique_ptr<Source> open_images(const DataConfig& config, std::uint64_t seed,
                                    Warnings& warnings) {
  ImageSet set = config.format == "idx" ? open_idx(config, warnings) : open_cifar(config, warnings);
  const SampleSplit split = split_samples(config, set.size(), set.of_path, seed, set.name());
  warn_of_missing_classes(
      split, set.classes, [&](std::int64_t i) { return set.label(i); }, 0, config.random(),
      set.name(), warnings);
  return std::make_unique<SampleSource>(
      std::make_unique<ImageSamples>(std::move(set), config, split), split, seed);
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
  return std::make_unique<SampleSource>(std::move(made), SampleSplit(samples, config.samples),
                                        seed);
}

std::unique_ptr<Source> open_tokens_or_text(const DataConfig& config, int length,
                                            std::uint64_t seed, int vocabulary, int limit,
                                            Warnings& warnings) {
  assert(config.format == "text" || config.format == "tokens");
  Corpus corpus = config.format == "tokens"    ? open_tokens(config, warnings)
                  : config.tokenizer == "word" ? open_words(config, length, seed, limit, warnings)
                                               : open_text(config, warnings);
  const TokenSplit split = split_tokens(config, corpus.size(), corpus.of_path(), length, seed);
  return std::make_unique<TokenSource>(std::move(corpus), split, length, seed, vocabulary);
}

std::unique_ptr<Source> open_files_of(const DataConfig& config, int length, std::uint64_t seed,
                                      int vocabulary, Warnings& warnings) {
  if (config.images()) return open_images(config, seed, warnings);
  // Of a vocabulary made from the data.
  const int limit = config.vocabulary > 0 && vocabulary > 0
                        ? std::min(config.vocabulary, vocabulary)
                        : std::max(config.vocabulary, vocabulary);
  if (config.format == "csv") {
    auto samples = std::make_unique<CsvSamples>(config, length, limit, seed, warnings);
    const SampleSplit split = samples->split();
    return std::make_unique<SampleSource>(std::move(samples), split, seed);
  }
  return open_tokens_or_text(config, length, seed, vocabulary, limit, warnings);
}

}  // namespace

std::unique_ptr<Source> open_source(const DataConfig& config, int sequence_length,
                                    std::uint64_t seed, int vocabulary) {
  if (config.format == "synthetic") {
    return make_synthetic(config, sequence_length, seed, vocabulary);
  }
  Warnings warnings;
  auto source = open_files_of(config, sequence_length, seed, vocabulary, warnings);
  source->set_warnings(std::move(warnings));
  return source;
}

}  // namespace pipetrain
