#include "data/formats/words.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/formats/text_file.h"
#include "data/formats/token_split.h"
#include "data/formats/token_writer.h"
#include "text/vocabulary.h"

namespace pipetrain {

Corpus read_words(const DataRequest& request) {
  const DataConfig& config = request.config;
  const DataFiles opened = open_files(config);
  const std::vector<DataFile>& files = opened.files;
  warn_of_same_content(contents_of(files), request.warnings);
  std::int64_t words = 0, of_path = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    for_each_word(files[i], [&](const std::string&) { ++words; });
    if (i < opened.training) of_path = words;
  }
  const TokenSplit split =
      split_tokens(config, words, of_path, request.sequence_length, request.seed);
  Vocabulary vocabulary({"<unknown>"});
  std::int64_t at = 0;
  auto range = split.training.begin();
  for (const DataFile& file : files) {
    for_each_word(file, [&](const std::string& word) {
      while (range != split.training.end() && at >= range->first + range->count) ++range;
      if (range != split.training.end() && at >= range->first) vocabulary.count(word);
      ++at;
    });
  }
  vocabulary.settle(request.most_tokens());
  Corpus corpus(
      "word text",
      {{"type", "word"}, {"vocabulary", vocabulary.entries()}, {"unknown", vocabulary.unknown()}});
  corpus.set_vocabulary(vocabulary.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const DataFile& file = files[i];
    TokenWriter tokens(static_cast<std::size_t>(vocabulary.size()));
    for_each_word(file, [&](const std::string& word) { tokens.add(vocabulary.token_of(word)); });
    corpus.append(file.path(), tokens.take(), tokens.width());
    if (i + 1 == opened.training) corpus.end_path();
  }
  return corpus;
}

}  // namespace pipetrain
