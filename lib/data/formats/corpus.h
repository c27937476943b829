// One long sequence of tokens over one or several files, read as they are needed. It must not know
// windows, splits or seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/data_config.h"
#include "data/data_file.h"
#include "data/data_files.h"
#include "data/documents/corpus_file.h"

namespace pipetrain {

class Tokenizer;

class Corpus {
 public:
  Corpus(std::string kind, nlohmann::json tokenizer)
      : kind_(std::move(kind)), tokenizer_(std::move(tokenizer)) {}

  // Adds `count` little-endian unsigned integers of `width` (1, 2 or 4) bytes that lie `offset`
  // bytes into the file; big-endian ones if they are `swapped`.
  void append(DataFile file, std::size_t offset, int width, std::int64_t count,
              bool swapped = false);
  // Adds tokens of `width` bytes made from the file, which is no longer needed.
  void append(const std::string& path, std::vector<std::byte> tokens, int width);
  // Adds the tokens of a file, whose documents are known; messages call it `name`, else by its
  // path.
  void append(CorpusFile file, const std::string& name = {});
  void set_table(std::vector<std::int32_t> table) {
    table_ = std::move(table);
  }  // token of each byte
  void set_vocabulary(int vocabulary) { vocabulary_ = vocabulary; }
  // Whoever made the tokens has seen to it that they are below the vocabulary.
  void set_checked() { checked_ = true; }
  // What tokenized the documents; whoever takes it has it alone.
  void set_maker(std::shared_ptr<const Tokenizer> maker) { maker_ = std::move(maker); }
  std::shared_ptr<const Tokenizer> take_maker() { return std::exchange(maker_, nullptr); }
  // What there is so far is of data.path, what comes of files that validate.
  void end_path() { of_path_ = size_; }

  std::int64_t size() const { return size_; }
  std::int64_t of_path() const { return of_path_; }
  int vocabulary() const { return vocabulary_; }
  bool checked() const { return checked_; }
  int width() const { return parts_.front().width; }  // bytes per token
  const std::string& kind() const { return kind_; }   // "char text", "uint16 tokens": for the log
  const nlohmann::json& tokenizer() const { return tokenizer_; }
  std::string name() const;  // "corpus.txt", "a.txt and 3 more"

  // Tokens first.. ; Error(kData) with file and position for one beyond the vocabulary.
  void read(std::int64_t first, std::span<std::int32_t> tokens) const;
  // Whether it is known where documents begin.
  bool has_documents() const { return documented_.size() == parts_.size(); }
  // The places of the tokens first.. of which so many are asked for, at which documents begin.
  std::vector<std::int64_t> document_starts(std::int64_t first, std::int64_t count) const;
  // Reads up to `limit` tokens from the start, as a check; returns the largest.
  std::int32_t check(std::int64_t limit) const;

 private:
  struct FileTokens {
    std::string path;
    std::size_t source;  // which of files_ or tokens_
    bool decoded;        // in tokens_
    std::size_t offset;  // of the data in the file
    int width;
    bool swapped;
    std::int64_t first, count;  // tokens
  };

  void add_part(FileTokens part);
  void read_part(const FileTokens& part, std::int64_t first, std::span<std::int32_t> tokens) const;
  void read_bytes(const FileTokens& part, std::int64_t first, std::span<std::byte> bytes) const;
  [[noreturn]] void refuse(const FileTokens& part, std::int64_t first,
                           std::span<const std::int32_t> tokens) const;

  std::string kind_;
  nlohmann::json tokenizer_;
  std::shared_ptr<const Tokenizer> maker_;
  std::vector<DataFile> files_;
  std::vector<std::vector<std::byte>> tokens_;  // made from files
  std::vector<FileTokens> parts_;
  std::vector<CorpusFile> documented_;  // of each part, if the documents of all are known
  std::vector<std::int32_t> table_;
  std::int64_t size_ = 0, of_path_ = 0;
  int vocabulary_ = 0;
  bool checked_ = false;
};

}  // namespace pipetrain
