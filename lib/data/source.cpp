#include "data/source.h"

#include <cassert>

#include "data/synthetic_source.h"
#include "data/token_source.h"

namespace pipetrain {

std::unique_ptr<Source> open_source(const DataConfig& config, int sequence_length,
                                    std::uint64_t seed, int vocabulary) {
  if (config.format == "synthetic") {
    const bool validate = config.validation_fraction > 0;
    return std::make_unique<SyntheticSource>(sequence_length, seed, vocabulary, validate);
  }
  assert(config.format == "text" || config.format == "tokens");
  Corpus corpus =
      config.format == "text" ? open_text(config.path, config.tokenizer) : open_tokens(config.path);
  return std::make_unique<TokenSource>(std::move(corpus), config.validation_fraction,
                                       sequence_length, seed, vocabulary);
}

}  // namespace pipetrain
