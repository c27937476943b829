#include "text/subwords/pre_tokenizers.h"

#include <iterator>
#include <utility>

#include "text/subwords/byte_level.h"

namespace pipetrain {
namespace {

PreTokenizers read_sequence(JsonPart& part) {
  PreTokenizers all;
  for (JsonPart& inner : part.list("pretokenizers")) all.append(read_pre_tokenizers(inner));
  return all;
}

constexpr PartRow<PreTokenizers> kKinds[] = {
    {"ByteLevel", read_byte_level},    {"Split", read_split},
    {"Metaspace", read_metaspace},     {"Digits", read_digits},
    {"Whitespace", read_whitespace},   {"WhitespaceSplit", read_whitespace_split},
    {"Punctuation", read_punctuation}, {"BertPreTokenizer", read_bert_pre_tokenizer},
    {"Sequence", read_sequence},
};

class BytesAsCharacters final : public PreTokenizer {
  void cut(const TextPiece& piece, std::vector<TextPiece>& pieces,
           std::deque<std::string>& room) const override {
    pieces.push_back({room.emplace_back(bytes_as_characters(piece.text)), piece.at_start});
  }
};

}  // namespace

PreTokenizers read_pre_tokenizers(JsonPart& part) { return read_by_type(kKinds, part); }

void PreTokenizers::add(std::unique_ptr<PreTokenizer> stage) {
  if (bytes_as_characters) stages.push_back(std::make_unique<BytesAsCharacters>());
  bytes_as_characters = false;
  stages.push_back(std::move(stage));
}

void PreTokenizers::append(PreTokenizers more) {
  for (auto& stage : more.stages) add(std::move(stage));
  if (!more.bytes_as_characters) return;
  if (bytes_as_characters) stages.push_back(std::make_unique<BytesAsCharacters>());
  bytes_as_characters = true;
}

std::vector<TextPiece> PreTokenizers::cut(const TextPiece& text,
                                          std::deque<std::string>& room) const {
  std::vector<TextPiece> pieces{text}, next;
  for (const auto& stage : stages) {
    next.clear();
    for (const TextPiece& piece : pieces) stage->cut(piece, next, room);
    pieces.swap(next);
  }
  return pieces;
}

}  // namespace pipetrain
