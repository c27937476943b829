// How a tokenizer cuts a text into words before its model makes tokens of each. A part of the file
// becomes stages, one after the other. They must not know tokens.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/subwords/part.h"

namespace pipetrain {

struct TextPiece {
  std::string_view text;
  bool at_start = false;  // the whole text begins with it
  bool goes_on = false;   // behind it stands text that is not here
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Adds what it makes of a piece, without what is empty; new text goes into `room`, which keeps
  // it.
  virtual void cut(const TextPiece& piece, std::vector<TextPiece>& pieces,
                   std::deque<std::string>& room) const = 0;
  // It makes one new text of a piece, in place of cutting it.
  virtual bool rewrites() const { return false; }
  // Whether how a piece is cut may depend on what stands before a place that was cut already.
  virtual bool looks_back() const { return false; }
};

struct PreTokenizers {
  std::vector<std::unique_ptr<PreTokenizer>> stages;
  // The last stage is one that writes each byte of a word as a character ("ByteLevel"). It is not
  // among the stages, so that words can be looked up before that is done.
  bool bytes_as_characters = false;

  void add(std::unique_ptr<PreTokenizer> stage);
  void append(PreTokenizers more);
  // One piece, cut by all stages. The pieces may point into `text` and `room`.
  std::vector<TextPiece> cut(const TextPiece& text, std::deque<std::string>& room) const;
  // Those of its first `size` bytes, where the text may go on behind its end. Nothing if a piece
  // may go across that place; what follows it is then cut as if it stood alone.
  std::optional<std::vector<TextPiece>> cut_first(const TextPiece& text, std::size_t size,
                                                  std::deque<std::string>& room) const;
};

// Of the part "pre_tokenizer".
PreTokenizers read_pre_tokenizers(JsonPart& part);

// The kinds, each in a file of its own.
PreTokenizers read_byte_level(JsonPart& part), read_split(JsonPart& part),
    read_metaspace(JsonPart& part);
PreTokenizers read_digits(JsonPart& part), read_whitespace(JsonPart& part),
    read_whitespace_split(JsonPart& part);
PreTokenizers read_punctuation(JsonPart& part), read_bert_pre_tokenizer(JsonPart& part);

// Cuts before each run of this character, for models whose tokens do not go across such a place.
std::unique_ptr<PreTokenizer> cut_before_runs_of(std::string_view character);

}  // namespace pipetrain
