// Text as tokens. ASCII and bytes are read in place through a table of 256; other text is decoded
// once into tokens.
#include <algorithm>
#include <limits>

#include "data/corpus.h"
#include "data/utf8.h"

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
  return {{"type", "char"}, {"vocabulary", std::move(vocabulary)}};
}

template <class T>
std::vector<T> encode(std::span<const std::byte> text, const std::vector<std::int32_t>& token_of) {
  std::vector<T> tokens;
  tokens.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    tokens.push_back(static_cast<T>(token_of[next_symbol(text, at)]));
  }
  tokens.shrink_to_fit();
  return tokens;
}

Corpus open_char_text(std::vector<MappedFile> files) {
  std::vector<std::int32_t> token_of(kSymbols, -1);
  for (const MappedFile& file : files) {
    for (std::size_t at = 0; at < file.bytes().size();) token_of[next_symbol(file.bytes(), at)] = 0;
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
    for (MappedFile& file : files) {
      const auto count = static_cast<std::int64_t>(file.bytes().size());
      corpus.append(std::move(file), 0, 1, count);
    }
    return corpus;
  }
  for (const MappedFile& file : files) {
    if (symbols.size() <= 65536) {
      corpus.append(file.path(), encode<std::uint16_t>(file.bytes(), token_of));
    } else {
      corpus.append(file.path(), encode<std::int32_t>(file.bytes(), token_of));
    }
  }
  return corpus;
}

}  // namespace

Corpus open_text(const std::vector<std::string>& paths, const std::string& tokenizer) {
  std::vector<MappedFile> files = map_files(paths);
  if (tokenizer == "char") return open_char_text(std::move(files));
  Corpus corpus("byte text", {{"type", "byte"}});
  corpus.set_vocabulary(256);
  for (MappedFile& file : files) {
    const auto count = static_cast<std::int64_t>(file.bytes().size());
    corpus.append(std::move(file), 0, 1, count);
  }
  return corpus;
}

}  // namespace pipetrain
