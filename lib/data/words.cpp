// Text as words, decoded once into tokens.
#include "data/corpus.h"
#include "data/text_file.h"
#include "data/token_writer.h"
#include "data/vocabulary.h"

namespace pipetrain {

Corpus open_words(const std::vector<std::string>& paths, double validation_fraction, int limit) {
  const std::vector<DataFile> files = open_files(paths);
  std::int64_t words = 0;
  for (const DataFile& file : files) for_each_word(file, [&](const std::string&) { ++words; });
  std::int64_t training = training_tokens(words, validation_fraction);
  Vocabulary vocabulary({"<unknown>"});
  for (const DataFile& file : files) {
    for_each_word(file, [&](const std::string& word) {
      if (training-- > 0) vocabulary.count(word);
    });
  }
  vocabulary.settle(limit);
  Corpus corpus(
      "word text",
      {{"type", "word"}, {"vocabulary", vocabulary.entries()}, {"unknown", vocabulary.unknown()}});
  corpus.set_vocabulary(vocabulary.size());
  for (const DataFile& file : files) {
    TokenWriter tokens(static_cast<std::size_t>(vocabulary.size()));
    for_each_word(file, [&](const std::string& word) { tokens.add(vocabulary.token_of(word)); });
    corpus.append(file.path(), tokens.take(), tokens.width());
  }
  return corpus;
}

}  // namespace pipetrain
