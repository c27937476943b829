// Text files as tokens: "char" takes Unicode code points (and bytes that are not UTF-8), sorted,
// "byte" the 256 bytes, "word" and tokenizers of files have files of their own. ASCII and bytes are
// read from the file through a table of 256; other text is decoded once into tokens.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "data/formats/corpus.h"
#include "data/formats/documents.h"
#include "data/formats/formats.h"
#include "data/formats/text_file.h"
#include "data/formats/token_source.h"
#include "data/formats/token_writer.h"
#include "data/formats/words.h"
#include "text/utf8.h"

namespace pipetrain {
namespace {

nlohmann::json char_tokenizer(const std::vector<std::uint32_t>& symbols) {
  nlohmann::json vocabulary = nlohmann::json::array();
  for (const std::uint32_t symbol : symbols) {
    if (symbol >= kFirstByteSymbol) {
      vocabulary.push_back(symbol - kFirstByteSymbol);  // a number: a byte that is not UTF-8
    } else {
      vocabulary.push_back(encode_utf8(symbol));
    }
  }
  return {{"type", name_of(kTokenizers, TokenizerKind::kCharacters)},
          {"vocabulary", std::move(vocabulary)}};
}

void append_texts(Corpus& corpus, DataFiles opened) {
  for (std::size_t i = 0; i < opened.files.size(); ++i) {
    DataFile& file = opened.files[i];
    const std::size_t start = past_mark(file);
    const auto count = static_cast<std::int64_t>(file.size() - start);
    corpus.append(std::move(file), start, 1, count);
    if (i + 1 == opened.training) corpus.end_path();
  }
}

Corpus open_char_text(DataFiles opened) {
  std::vector<std::int32_t> token_of(kSymbols, -1);
  for (const DataFile& file : opened.files) {
    for_each_symbol(file, [&](std::uint32_t symbol) { token_of[symbol] = 0; });
  }
  std::vector<std::uint32_t> symbols;  // the vocabulary
  for (std::uint32_t symbol = 0; symbol < kSymbols; ++symbol) {
    if (token_of[symbol] < 0) continue;
    token_of[symbol] = static_cast<std::int32_t>(symbols.size());
    symbols.push_back(symbol);
  }

  Corpus corpus("char text", char_tokenizer(symbols));
  corpus.set_vocabulary(static_cast<int>(symbols.size()));
  if (symbols.back() < 0x80) {
    std::vector<std::int32_t> table(token_of.begin(), token_of.begin() + 256);
    // Bytes that are not there, should the file change while it is read: beyond any vocabulary.
    std::ranges::replace(table, -1, std::numeric_limits<std::int32_t>::max());
    corpus.set_table(std::move(table));
    append_texts(corpus, std::move(opened));
    return corpus;
  }
  for (std::size_t i = 0; i < opened.files.size(); ++i) {
    const DataFile& file = opened.files[i];
    TokenWriter tokens(symbols.size());
    for_each_symbol(file, [&](std::uint32_t symbol) { tokens.add(token_of[symbol]); });
    corpus.append(file.path(), tokens.take(), tokens.width());
    if (i + 1 == opened.training) corpus.end_path();
  }
  return corpus;
}

Corpus read_text(const DataConfig& config, Warnings& warnings) {
  DataFiles opened = open_files(config);
  warn_of_same_content(contents_of(opened.files), warnings);
  if (config.tokenizer == TokenizerKind::kCharacters) return open_char_text(std::move(opened));
  for (const DataFile& file : opened.files) {
    if (const char* const other = other_encoding(file)) {
      warnings.push_back("data: " + file.path() + ": looks like " + other +
                         " text; its bytes are taken as they are");
    }
  }
  Corpus corpus("byte text", {{"type", name_of(kTokenizers, TokenizerKind::kBytes)}});
  corpus.set_vocabulary(256);
  append_texts(corpus, std::move(opened));
  return corpus;
}

}  // namespace

std::unique_ptr<Source> open_text(const DataRequest& request) {
  if (!request.config.tokenizer_path.empty()) {
    return open_as_documents(request, DocumentForm::kTexts);
  }
  return token_source(request.config.tokenizer == TokenizerKind::kWords
                          ? read_words(request)
                          : read_text(request.config, request.warnings),
                      request);
}

}  // namespace pipetrain
