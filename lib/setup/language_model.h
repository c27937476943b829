// A language model as a checkpoint describes it: its layers, its tokens and how long its rows are.
// It must not know ranks or messages.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "config/config.h"
#include "nn/layer.h"
#include "text/tokenizer.h"

namespace pipetrain {

struct LanguageModel {
  Config config;
  std::unique_ptr<const Tokenizer> tokenizer;
  std::string chat_template;                   // empty: none
  std::vector<std::unique_ptr<Layer>> layers;  // without memory for their weights
  std::int64_t context = 0;                    // tokens of a row in training
  std::int64_t vocabulary = 0;                 // of the model; the tokenizer may have fewer

  // Of these a next token may be.
  std::int64_t tokens() const {
    const std::int64_t known = tokenizer->vocabulary_size();
    return known > 0 ? known : vocabulary;
  }
};

// Error(kCheckpoint) for a checkpoint of anything but a model that tells each next token from
// those before it.
LanguageModel open_language_model(const Checkpoint& checkpoint);

}  // namespace pipetrain
