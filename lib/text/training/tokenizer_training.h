// A byte-level BPE tokenizer of one's own: from files of text to a folder that `transformers` and
// the library `tokenizers` load. It must not know models.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pipetrain {

struct TokenizerTraining {
  std::vector<std::string> files;
  std::int64_t vocabulary = 0;  // tokens; at least the 256 bytes and the end of a text
  int threads = 1;
};

inline constexpr std::int64_t kLeastVocabulary = 257;

// The text of a tokenizer.json. The same for any number of threads. Error(kData) for a file that
// cannot be read.
std::string train_tokenizer(const TokenizerTraining& training);

// The folder with its two files: tokenizer.json, and the tokenizer_config.json that says how it is
// loaded.
void write_tokenizer(const std::string& tokenizer_json, const std::string& folder);

}  // namespace pipetrain
