// One long sequence of tokens over one or several files, read as they are needed. It must not know
// windows, splits or seeds.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "data/data_file.h"

namespace pipetrain {

class Corpus {
 public:
  Corpus(std::string kind, nlohmann::json tokenizer)
      : kind_(std::move(kind)), tokenizer_(std::move(tokenizer)) {}

  // Adds `count` little-endian unsigned integers of `width` (1, 2 or 4) bytes that lie `offset`
  // bytes into the file.
  void append(DataFile file, std::size_t offset, int width, std::int64_t count);
  // Adds tokens of `width` bytes made from the file, which is no longer needed.
  void append(const std::string& path, std::vector<std::byte> tokens, int width);
  void set_table(std::vector<std::int32_t> table) {
    table_ = std::move(table);
  }  // token of each byte
  void set_vocabulary(int vocabulary) { vocabulary_ = vocabulary; }

  std::int64_t size() const { return size_; }
  int vocabulary() const { return vocabulary_; }
  int width() const { return parts_.front().width; }  // bytes per token
  const std::string& kind() const { return kind_; }   // "char text", "uint16 tokens": for the log
  const nlohmann::json& tokenizer() const { return tokenizer_; }
  std::string name() const;  // "corpus.txt", "a.txt and 3 more"

  // Tokens first.. ; Error(kData) with file and position for one beyond the vocabulary.
  void read(std::int64_t first, std::span<std::int32_t> tokens) const;
  // Reads up to `limit` tokens from the start, as a check; returns the largest.
  std::int32_t check(std::int64_t limit) const;

 private:
  struct Part {
    std::string path;
    std::size_t source;  // which of files_ or tokens_
    bool decoded;        // in tokens_
    std::size_t offset;  // of the data in the file
    int width;
    std::int64_t first, count;  // tokens
  };

  void add_part(Part part);
  void read_part(const Part& part, std::int64_t first, std::span<std::int32_t> tokens) const;
  void read_bytes(const Part& part, std::int64_t first, std::span<std::byte> bytes) const;
  [[noreturn]] void refuse(const Part& part, std::int64_t first,
                           std::span<const std::int32_t> tokens) const;

  std::string kind_;
  nlohmann::json tokenizer_;
  std::vector<DataFile> files_;
  std::vector<std::vector<std::byte>> tokens_;  // made from files
  std::vector<Part> parts_;
  std::vector<std::int32_t> table_;
  std::int64_t size_ = 0;
  int vocabulary_ = 0;
};

// How many of the tokens train: all but the last `validation_fraction`.
inline std::int64_t training_tokens(std::int64_t tokens, double validation_fraction) {
  return static_cast<std::int64_t>(static_cast<double>(tokens) * (1 - validation_fraction));
}

// Text files as tokens: "char" takes Unicode code points (and bytes that are not UTF-8), sorted,
// "byte" the 256 bytes.
Corpus open_text(const std::vector<std::string>& paths, const std::string& tokenizer);

// Text files as words (data/vocabulary.h), token 0 for unknown ones. The vocabulary is that of the
// part that trains, at most `limit` tokens (0: all there are).
Corpus open_words(const std::vector<std::string>& paths, double validation_fraction, int limit);

// Token files: raw uint16 as nanoGPT writes them, or llm.c's with a header. The vocabulary is that
// of the header's tokenizer, or one more than the largest token.
Corpus open_tokens(const std::vector<std::string>& paths);

}  // namespace pipetrain
