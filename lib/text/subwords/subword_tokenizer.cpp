#include "text/subwords/subword_tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

#include "base/error.h"
#include "text/characters.h"
#include "text/subwords/byte_level.h"
#include "text/subwords/metaspace.h"
#include "text/subwords/subword_stream.h"

namespace pipetrain {

SubwordTokenizer::SubwordTokenizer(SubwordParts parts) : parts_(std::move(parts)) {
  // Where texts are not cut into words, parts that are words are looked up if the model allows it.
  PreTokenizers& cuts = parts_.pre_tokenizers;
  if (!cuts.bytes_as_characters && parts_.model->may_cut_before(kVisibleSpace)) {
    cuts.add(cut_before_runs_of(kVisibleSpace));
  }
}

std::unique_ptr<WordCache> SubwordTokenizer::take_cache() const {
  const std::scoped_lock lock(idle_mutex_);
  if (idle_.empty()) return std::make_unique<WordCache>();
  std::unique_ptr<WordCache> cache = std::move(idle_.back());
  idle_.pop_back();
  return cache;
}

void SubwordTokenizer::encode(std::string_view text, SpecialTokens special,
                              std::vector<std::int32_t>& ids) const {
  const std::optional<std::string> replaced = with_replacements(text);
  if (replaced) text = *replaced;
  const AroundText& around = parts_.around;
  const bool with_special = special == SpecialTokens::kAround;
  if (with_special) ids.insert(ids.end(), around.before.begin(), around.before.end());
  std::unique_ptr<WordCache> cache = take_cache();
  for (const AddedTokens::Stretch& stretch : parts_.added.cut(text, /*normalized=*/false)) {
    if (stretch.id >= 0) {
      ids.push_back(stretch.id);
    } else {
      encode_stretch(stretch.text, stretch.text.data() == text.data(), *cache, ids);
    }
  }
  if (with_special) ids.insert(ids.end(), around.after.begin(), around.after.end());
  const std::scoped_lock lock(idle_mutex_);
  idle_.push_back(std::move(cache));
}

void SubwordTokenizer::encode_stretch(std::string_view text, bool at_start, WordCache& cache,
                                      std::vector<std::int32_t>& ids) const {
  std::string normalized;
  if (!parts_.normalizers.empty()) {
    normalized = text;
    normalize(parts_.normalizers, normalized);
    text = normalized;
  }
  for (const AddedTokens::Stretch& stretch : parts_.added.cut(text, /*normalized=*/true)) {
    if (stretch.id >= 0) {
      ids.push_back(stretch.id);
    } else {
      encode_words({stretch.text, at_start && stretch.text.data() == text.data()}, cache, ids);
    }
  }
}

void SubwordTokenizer::encode_words(const TextPiece& text, WordCache& cache,
                                    std::vector<std::int32_t>& ids) const {
  std::deque<std::string> room;
  for (const TextPiece& word : parts_.pre_tokenizers.cut(text, room)) {
    if (word.text.size() > WordCache::kMostBytes) {
      encode_word(word.text, ids);
    } else if (const auto known = cache.find(word.text)) {
      ids.insert(ids.end(), known->begin(), known->end());
    } else {
      const std::size_t before = ids.size();
      encode_word(word.text, ids);
      cache.add(word.text, std::span(ids).subspan(before));
    }
  }
}

void SubwordTokenizer::encode_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (parts_.pre_tokenizers.bytes_as_characters) {
    parts_.model->tokenize(bytes_as_characters(word), ids);
  } else {
    parts_.model->tokenize(word, ids);
  }
}

std::string SubwordTokenizer::decode(std::span<const std::int32_t> ids,
                                     SpecialTokens special) const {
  return decoded(ids, special, Bytes::kReplaced);
}

std::string SubwordTokenizer::decoded(std::span<const std::int32_t> ids, SpecialTokens special,
                                      Bytes bytes) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocabulary_size()) {
      throw Error(ExitCode::kConfiguration, "token " + std::to_string(id) +
                                                " is not in the vocabulary of " +
                                                std::to_string(vocabulary_size()) + " tokens");
    }
    const AddedToken* const added = parts_.added.find(id);
    if (added != nullptr && added->special && special == SpecialTokens::kNone) continue;
    const std::string* const text =
        added != nullptr ? &added->content : parts_.model->tokens().text_of(id);
    if (text != nullptr) tokens.push_back(*text);  // else nothing has this id
  }
  if (parts_.decoders) {
    decode_texts(*parts_.decoders, tokens, bytes);
  }
  std::string text;
  for (const std::string& token : tokens) {
    if (!parts_.decoders && !text.empty()) text += ' ';
    text += token;
  }
  return text;
}

std::unique_ptr<TextStream> SubwordTokenizer::stream() const {
  return std::make_unique<SubwordStream>(*this);
}

}  // namespace pipetrain
