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
  encode_part({text, text.size()}, ids);
  if (with_special) ids.insert(ids.end(), around.after.begin(), around.after.end());
}

bool SubwordTokenizer::encode_part(const TextPart& part, std::vector<std::int32_t>& ids) const {
  const std::size_t before = ids.size();
  std::unique_ptr<WordCache> cache = take_cache();
  const Stretch all{part.text, part.size, part.begins ? Start::kText : Start::kInside};
  const bool whole = encode_between(all, /*normalized=*/false, ids, [&](const Stretch& stretch) {
    return encode_stretch(stretch, *cache, ids);
  });
  if (!whole) ids.resize(before);
  const std::scoped_lock lock(idle_mutex_);
  idle_.push_back(std::move(cache));
  return whole;
}

// Added tokens, and between them what `encode` makes.
template <class Encode>
bool SubwordTokenizer::encode_between(const Stretch& part, bool normalized,
                                      std::vector<std::int32_t>& ids, Encode encode) const {
  for (const AddedTokens::Stretch& stretch : parts_.added.cut(part.text, normalized)) {
    const auto begin = static_cast<std::size_t>(stretch.text.data() - part.text.data());
    if (begin >= part.size) break;
    const std::size_t size = std::min(stretch.text.size(), part.size - begin);
    if (stretch.id < 0) {
      if (!encode({stretch.text, size, begin == 0 ? part.start : Start::kStretch})) return false;
      continue;
    }
    if (size < stretch.text.size()) return false;
    // Behind the token a stretch begins, but the next part is not told so.
    const bool last = begin + size == part.size && !part.ends();
    if (last && !normalized && any_only_at_start(parts_.normalizers)) return false;
    ids.push_back(stretch.id);
  }
  return true;
}

bool SubwordTokenizer::encode_stretch(const Stretch& part, WordCache& cache,
                                      std::vector<std::int32_t>& ids) const {
  const auto encode = [&](const Stretch& stretch) { return encode_words(stretch, cache, ids); };
  if (parts_.normalizers.empty()) return encode_between(part, /*normalized=*/true, ids, encode);
  std::string text(part.text.substr(0, part.size)), rest(part.text.substr(part.size));
  if (!normalize_parts(parts_.normalizers, text, rest, part.start == Start::kInside)) return false;
  const std::size_t size = text.size();
  text += rest;
  return encode_between({text, size, part.start}, /*normalized=*/true, ids, encode);
}

bool SubwordTokenizer::encode_words(const Stretch& part, WordCache& cache,
                                    std::vector<std::int32_t>& ids) const {
  std::deque<std::string> room;
  const PreTokenizers& cuts = parts_.pre_tokenizers;
  const TextPiece text{part.text, part.start == Start::kText};
  const auto words =
      part.ends() ? std::optional(cuts.cut(text, room)) : cuts.cut_first(text, part.size, room);
  if (!words) return false;
  for (const TextPiece& word : *words) {
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
  return true;
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
