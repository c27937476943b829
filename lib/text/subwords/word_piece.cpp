// WordPiece as BERT uses it (Devlin et al., "BERT", 2019): the longest token that a word begins
// with, then the longest that goes on, and so on; a word that cannot be made so is unknown.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/characters.h"
#include "text/subwords/subword_model.h"

namespace pipetrain {
namespace {

class WordPiece final : public SubwordModel {
 public:
  WordPiece(TokenTable tokens, std::int32_t unknown, std::string prefix,
            std::size_t most_characters)
      : SubwordModel(std::move(tokens)),
        unknown_(unknown),
        prefix_(std::move(prefix)),
        most_characters_(most_characters) {}

  std::string_view kind() const override { return "WordPiece"; }

  void tokenize(std::string_view word, std::vector<std::int32_t>& ids) const override {
    const std::size_t before = ids.size();
    bool known = count_characters(word) <= most_characters_;
    for (std::size_t start = 0; known && start < word.size();) {
      std::string piece = (start > 0 ? prefix_ : "") + std::string(word.substr(start));
      const std::size_t least = piece.size() - (word.size() - start);
      std::int32_t id = tokens().find(piece);
      while (id < 0 && piece.size() > least) {
        piece.resize(previous_character(piece, piece.size()));
        id = piece.size() > least ? tokens().find(piece) : -1;
      }
      known = id >= 0;
      start += piece.size() - least;
      if (known) ids.push_back(id);
    }
    if (known) return;
    ids.resize(before);
    ids.push_back(unknown_);
  }

 private:
  std::int32_t unknown_;
  std::string prefix_;
  std::size_t most_characters_;
};

}  // namespace

std::unique_ptr<SubwordModel> read_word_piece(JsonPart& part) {
  TokenTable tokens = read_vocabulary(part);
  const std::string unknown = part.text_or("unk_token", "[UNK]");
  std::string prefix = part.text_or("continuing_subword_prefix", "##");
  // Words beyond it are unknown; a limit, since the work grows with its square.
  const auto most = part.number_or("max_input_chars_per_word", 1, 1000, 100);
  if (tokens.find(unknown) < 0) part.refuse("its unk_token " + unknown + " is not in vocab");
  const std::int32_t unknown_id = tokens.find(unknown);
  return std::make_unique<WordPiece>(std::move(tokens), unknown_id, std::move(prefix),
                                     static_cast<std::size_t>(most));
}

}  // namespace pipetrain
