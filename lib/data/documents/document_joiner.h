// The tokens of documents' parts, in their order, to a corpus. Where a tokenizer could not say that
// a part may be worked on alone, its text is joined with what follows it and worked on again. It
// must not know files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/documents/corpus_writer.h"
#include "text/tokenizer.h"

namespace pipetrain {

struct TokenizedPart {
  enum class State : std::uint8_t { kWhole, kUncut, kBad };

  std::string text;      // with what follows it; needed unless the document is this part alone
  std::size_t size = 0;  // of the text that is the part
  bool begins = true, ends = true;  // the document begins, or ends, with it
  State state = State::kWhole;
  std::string place;      // for messages
  std::string complaint;  // about a bad one
};

// What a tokenizer does not know is of the document, too: Error(kData) that names it.
bool encode_part(const Tokenizer& tokenizer, const TextPart& part, const std::string& place,
                 std::vector<std::int32_t>& ids);

class DocumentJoiner {
 public:
  DocumentJoiner(const Tokenizer& tokenizer, CorpusWriter& corpus)
      : tokenizer_(tokenizer), corpus_(corpus) {}

  // Error(kData) where a document has no place for very long at which the tokenizer can be cut.
  void add(const TokenizedPart& part, std::span<const std::int32_t> tokens);

  std::int64_t empty() const { return empty_; }                        // documents without any text
  std::int64_t skipped() const { return skipped_; }                    // bad ones
  const std::string& first_skipped() const { return first_skipped_; }  // what is wrong with it

 private:
  void begin();
  void add_joined(const TokenizedPart& part);
  void end();

  const Tokenizer& tokenizer_;
  CorpusWriter& corpus_;
  bool has_text_ = false, dropped_ = false;  // of this document
  std::string joined_;                       // parts that wait
  bool joined_begins_ = false;               // the document begins with them
  std::size_t tried_ = 0;                    // bytes of them when they were worked on last
  std::int64_t empty_ = 0, skipped_ = 0;
  std::string first_skipped_;
};

}  // namespace pipetrain
