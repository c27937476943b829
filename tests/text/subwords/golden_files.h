// The tokenizers and hard texts of tests/golden/tokenizers, which scripts/tokenizer_golden.py
// wrote.
#pragma once

#include <cstddef>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "text/subwords/load_tokenizer.h"

inline const std::vector<std::string>& golden_names() {
  static const std::vector<std::string> kNames = {
      "bert",    "bert_cased", "cl100k",        "fused",     "gemma",      "gpt2",    "llama2",
      "llama3",  "mistral",    "o200k",         "odd",       "qwen",       "roberta", "smollm",
      "unigram", "unknown",    "unigram_bytes", "word_ends", "word_starts"};
  return kNames;
}

inline std::string golden_path(const std::string& name) {
  return PIPETRAIN_GOLDEN "/tokenizers/" + name + ".json";
}
inline nlohmann::json golden_file(const std::string& name) {
  return nlohmann::json::parse(std::ifstream(golden_path(name)));
}
inline std::unique_ptr<pipetrain::Tokenizer> golden_tokenizer(const std::string& name) {
  return pipetrain::load_tokenizer(golden_path(name)).tokenizer;
}

inline std::vector<std::string> golden_texts() {
  std::vector<std::string> all;
  for (const std::string hex : golden_file("texts")) {
    std::string& text = all.emplace_back();
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      text += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
  }
  return all;
}
