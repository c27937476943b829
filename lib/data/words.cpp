// Text as words, decoded once into tokens.
#include "data/corpus.h"
#include "data/vocabulary.h"

namespace pipetrain {
namespace {

template <class Visit>
void for_each_word(const MappedFile& file, Visit visit) {
  std::string word;
  for (std::size_t at = 0; next_unit(TextUnit::kWord, file.bytes(), at, word);) visit(word);
}

template <class T>
std::vector<T> encode(const MappedFile& file, const Vocabulary& vocabulary) {
  std::vector<T> tokens;
  for_each_word(file, [&](const std::string& word) {
    tokens.push_back(static_cast<T>(vocabulary.token_of(word)));
  });
  tokens.shrink_to_fit();
  return tokens;
}

}  // namespace

Corpus open_words(const std::vector<std::string>& paths, double validation_fraction, int limit) {
  const std::vector<MappedFile> files = map_files(paths);
  std::int64_t words = 0;
  for (const MappedFile& file : files) for_each_word(file, [&](const std::string&) { ++words; });
  std::int64_t training = training_tokens(words, validation_fraction);
  Vocabulary vocabulary({"<unknown>"});
  for (const MappedFile& file : files) {
    for_each_word(file, [&](const std::string& word) {
      if (training-- > 0) vocabulary.count(word);
    });
  }
  vocabulary.settle(limit);
  Corpus corpus(
      "word text",
      {{"type", "word"}, {"vocabulary", vocabulary.entries()}, {"unknown", vocabulary.unknown()}});
  corpus.set_vocabulary(vocabulary.size());
  for (const MappedFile& file : files) {
    if (vocabulary.size() <= 65536) {
      corpus.append(file.path(), encode<std::uint16_t>(file, vocabulary));
    } else {
      corpus.append(file.path(), encode<std::int32_t>(file, vocabulary));
    }
  }
  return corpus;
}

}  // namespace pipetrain
