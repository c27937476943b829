// The file that documents become as tokens: a header, the tokens of all documents, the places where
// documents begin, and a note of what it was made of. It must not know tokenizers beyond a digest.
//
//   bytes 0..255   the header, see CorpusHeader; numbers are little-endian
//   then           tokens, uint16 or uint32 each
//   then           for each document the number of its first token, uint64
//   then           the note, text
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/data_file.h"

namespace pipetrain {

// What is said of the tokens; a name is at most 63 bytes.
struct CorpusTokens {
  std::string tokenizer;          // its digest
  std::uint32_t vocabulary = 0;   // tokens are below it
  std::int64_t end_of_text = -1;  // the token that ends each document; -1: none
  int width() const { return vocabulary <= 65536 ? 2 : 4; }  // bytes of a token
  friend bool operator==(const CorpusTokens&, const CorpusTokens&) = default;
};

// The first bytes, as they lie in the file.
struct CorpusHeader {
  static constexpr std::array<char, 8> kMagic = {'P', 'I', 'P', 'E', 'T', 'O', 'K', '\0'};
  static constexpr std::uint32_t kVersion = 1;

  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t width = 0;  // bytes of a token, 2 or 4
  std::uint64_t tokens = 0, documents = 0, note_bytes = 0;
  std::uint32_t vocabulary = 0;
  std::uint32_t checksum = 0;  // CRC-32 of the header with 0 in this place
  std::int64_t end_of_text = -1;
  std::array<char, 64> tokenizer = {};
  std::array<char, 136> rest = {};
};
static_assert(sizeof(CorpusHeader) == 256);

std::uint32_t checksum_of(CorpusHeader header);

bool is_corpus_file(const DataFile& file);

class CorpusFile {
 public:
  // Error(kData) unless header and size fit each other.
  explicit CorpusFile(DataFile file);

  const std::string& path() const { return file_.path(); }
  const CorpusTokens& kind() const { return kind_; }
  std::int64_t tokens() const { return static_cast<std::int64_t>(header_.tokens); }
  std::int64_t documents() const { return static_cast<std::int64_t>(header_.documents); }
  std::string note() const;

  void read(std::int64_t first, std::span<std::int32_t> tokens) const;
  // The places in [first, end) where documents begin, ascending. Error(kData) if the file has them
  // in disorder.
  std::vector<std::int64_t> starts(std::int64_t first, std::int64_t end) const;
  // How many documents begin before this token.
  std::int64_t documents_before(std::int64_t token) const;

 private:
  std::size_t starts_at() const;
  std::int64_t start_of(std::int64_t document) const;

  DataFile file_;
  CorpusHeader header_;
  CorpusTokens kind_;
};

}  // namespace pipetrain
