#include "text/subwords/pre_tokenizers.h"

#include <iterator>
#include <utility>

#include "text/subwords/byte_level.h"

namespace pipetrain {
namespace {

PreTokenizers pre_tokenizer_sequence(JsonPart& part) {
  PreTokenizers all;
  for (JsonPart& inner : part.list("pretokenizers")) all.append(read_pre_tokenizers(inner));
  return all;
}

constexpr PartRow<PreTokenizers> kPreTokenizerKinds[] = {
    {"ByteLevel", read_byte_level},       {"Split", read_split},
    {"Metaspace", read_metaspace},        {"Digits", read_digits},
    {"Whitespace", read_whitespace},      {"WhitespaceSplit", read_whitespace_split},
    {"Punctuation", read_punctuation},    {"BertPreTokenizer", read_bert_pre_tokenizer},
    {"Sequence", pre_tokenizer_sequence},
};

class BytesAsCharacters final : public PreTokenizer {
  void cut(const TextPiece& piece, std::vector<TextPiece>& pieces,
           std::deque<std::string>& room) const override {
    pieces.push_back({room.emplace_back(bytes_as_characters(piece.text)), piece.at_start});
  }
  bool rewrites() const override { return true; }
};

// The pieces before a place in a text, and the piece in which the place lies, while there is one.
class CutsBefore {
 public:
  CutsBefore(const TextPiece& text, std::size_t place, std::deque<std::string>& room)
      : across_(text), place_(place), room_(room) {
    across_->goes_on = true;
  }

  // False if the stage takes something together that lies on both sides of the place.
  bool apply(const PreTokenizer& stage) {
    std::vector<TextPiece> next;
    for (const TextPiece& piece : pieces_) stage.cut(piece, next, room_);
    pieces_.swap(next);
    if (!across_) return true;
    return stage.rewrites() ? rewrite(stage) : cut(stage);
  }
  bool done() const { return !across_; }
  std::vector<TextPiece> take() { return std::move(pieces_); }

 private:
  // Both sides alone give what both give together.
  bool rewrite(const PreTokenizer& stage) {
    std::vector<TextPiece> made;
    stage.cut({across_->text.substr(0, place_), across_->at_start}, made, room_);
    stage.cut({across_->text.substr(place_)}, made, room_);
    stage.cut(*across_, made, room_);
    const std::size_t place = made[0].text.size();
    const std::string_view whole = made[2].text;
    if (whole.substr(0, place) != made[0].text || whole.substr(place) != made[1].text) return false;
    across_->text = whole;
    place_ = place;
    return true;
  }

  bool cut(const PreTokenizer& stage) {
    if (stage.looks_back()) return false;
    const TextPiece cut = *std::exchange(across_, std::nullopt);
    std::vector<TextPiece> made;
    stage.cut(cut, made, room_);
    bool at_place = false;  // a piece ends or begins there
    for (const TextPiece& piece : made) {
      const auto begin = static_cast<std::size_t>(piece.text.data() - cut.text.data());
      const std::size_t end = begin + piece.text.size();
      at_place = at_place || begin == place_ || end == place_;
      if (begin >= place_) break;
      if (end <= place_) {
        pieces_.push_back(piece);
        continue;
      }
      across_ = piece;
      across_->goes_on = cut.goes_on && end == cut.text.size();
      place_ -= begin;
      return true;
    }
    return at_place;
  }

  std::vector<TextPiece> pieces_;
  std::optional<TextPiece> across_;
  std::size_t place_;  // in it
  std::deque<std::string>& room_;
};

}  // namespace

PreTokenizers read_pre_tokenizers(JsonPart& part) { return read_by_type(kPreTokenizerKinds, part); }

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

std::optional<std::vector<TextPiece>> PreTokenizers::cut_first(
    const TextPiece& text, std::size_t size, std::deque<std::string>& room) const {
  CutsBefore cuts(text, size, room);
  for (const auto& stage : stages) {
    if (!cuts.apply(*stage)) return std::nullopt;
  }
  if (!cuts.done()) return std::nullopt;
  return cuts.take();
}

}  // namespace pipetrain
