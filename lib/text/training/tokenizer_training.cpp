#include "text/training/tokenizer_training.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/output.h"
#include "text/characters.h"
#include "text/subwords/byte_level.h"
#include "text/subwords/pattern.h"
#include "text/subwords/split.h"
#include "text/training/bpe_trainer.h"
#include "text/training/text_pieces.h"
#include "text/training/word_counts.h"

namespace pipetrain {
namespace {

using nlohmann::ordered_json;

constexpr const char* kEnd = "<|endoftext|>";

// The end of a text, then the characters of the bytes in the order of their code points.
std::vector<std::string> first_tokens() {
  std::vector<std::string> tokens;
  tokens.reserve(kLeastVocabulary);
  for (int byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(character_of_byte(static_cast<std::uint8_t>(byte)));
  }
  std::ranges::sort(tokens);  // UTF-8 sorts as its code points do
  tokens.insert(tokens.begin(), kEnd);
  return tokens;
}

ordered_json byte_level(bool words) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", !words},
          {"use_regex", words}};
}

ordered_json model_of(const TrainedBpe& trained) {
  ordered_json::object_t vocabulary;  // no two keys are the same: they are not looked for
  for (std::size_t id = 0; id < trained.tokens.size(); ++id) {
    vocabulary.emplace_back(trained.tokens[id], id);
  }
  ordered_json merges = ordered_json::array();
  const auto text = [&](std::int32_t id) { return trained.tokens[static_cast<std::size_t>(id)]; };
  for (const auto& [left, right] : trained.merges) merges.push_back({text(left), text(right)});
  return {{"type", "BPE"},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", std::move(vocabulary)},
          {"merges", std::move(merges)}};
}

ordered_json file_of(const TrainedBpe& trained) {
  const ordered_json end = {{"id", 0},         {"content", kEnd}, {"single_word", false},
                            {"lstrip", false}, {"rstrip", false}, {"normalized", false},
                            {"special", true}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", ordered_json::array({end})},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level(true)},
          {"post_processor", byte_level(true)},
          {"decoder", byte_level(true)},
          {"model", model_of(trained)}};
}

}  // namespace

std::string train_tokenizer(const TokenizerTraining& training) {
  TextPieces pieces(training.files);
  PreTokenizers words;
  words.add(split_at(Pattern(gpt2_expression()), Delimiter::kIsolated, /*invert=*/false));
  const WordCounts counts = count_words(
      {.next_piece = [&](std::string& piece) { return pieces.next(piece); },
       .words_of =
           [&](std::string_view piece, const std::function<void(std::string_view)>& visit) {
             const std::optional<std::string> valid = with_replacements(piece);
             std::deque<std::string> room;
             for (const TextPiece& word : words.cut({valid ? *valid : piece}, room)) {
               visit(word.text);
             }
           },
       .threads = training.threads});
  WordCounts characters;
  characters.reserve(counts.size());
  for (const auto& [word, count] : counts)
    characters.emplace_back(bytes_as_characters(word), count);
  return file_of(
             train_bpe(characters, first_tokens(), static_cast<std::size_t>(training.vocabulary)))
             .dump(2) +
         "\n";
}

void write_tokenizer(const std::string& tokenizer_json, const std::string& folder) {
  const ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                               {"bos_token", kEnd},
                               {"eos_token", kEnd},
                               {"clean_up_tokenization_spaces", false}};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto write = [&](const std::string& name, const std::string& text) {
    const std::string path = folder + "/" + name;
    if (error || !write_renamed(path, text)) {
      throw Error(ExitCode::kConfiguration,
                  "--output " + (error ? folder + ": " + error.message() : system_reason(path)));
    }
  };
  write("tokenizer_config.json", config.dump(2) + "\n");
  write("tokenizer.json", tokenizer_json);
}

}  // namespace pipetrain
