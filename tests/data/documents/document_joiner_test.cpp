#include "data/documents/document_joiner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace document_joiner_test {

namespace {

using Ids = std::vector<std::int32_t>;

// A token for each sentence, its length. It goes on behind a part unless that ends with a full
// stop.
class Sentences final : public Tokenizer {
 public:
  std::string_view kind() const override { return "sentences"; }
  std::int32_t vocabulary_size() const override { return 1000; }
  const std::string& digest() const override { return digest_; }
  std::int32_t start_token() const override { return 0; }
  void encode(std::string_view text, SpecialTokens /*special*/, Ids& ids) const override {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('.'), text.size() - 1) + 1;
      ids.push_back(static_cast<std::int32_t>(end));
      text.remove_prefix(end);
    }
  }
  bool encode_part(const TextPart& part, Ids& ids) const override {
    bytes += part.size;
    if (part.size < part.text.size() && part.text[part.size - 1] != '.') return false;
    encode(part.text.substr(0, part.size), SpecialTokens::kNone, ids);
    return true;
  }
  std::string decode(std::span<const std::int32_t> /*ids*/, SpecialTokens) const override {
    return {};
  }
  std::unique_ptr<TextStream> stream() const override { return nullptr; }

  mutable std::size_t bytes = 0;  // that it has worked on

 private:
  std::string digest_ = "sentences";
};

struct Joined {
  Ids tokens;
  std::vector<std::int64_t> starts;
  std::int64_t empty = 0, skipped = 0;
};

// What comes of a document's parts; "!" is a bad one.
Joined joined(const std::vector<std::vector<std::string>>& documents,
              const Sentences& tokenizer = {}) {
  const TemporaryFolder folder;
  const std::string path = folder.path("x.bin");
  CorpusWriter writer(path, {"d", 1000, 999});
  DocumentJoiner joiner(tokenizer, writer);
  for (const auto& parts : documents) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool ends = i + 1 == parts.size();
      TokenizedPart part{.text = parts[i] + (ends ? "" : parts[i + 1].substr(0, 3)),
                         .size = parts[i].size(),
                         .begins = i == 0,
                         .ends = ends,
                         .place = "file",
                         .complaint = "wrong"};
      Ids ids;
      if (parts[i] == "!") {
        part.state = TokenizedPart::State::kBad;
      } else if (!encode_part(tokenizer, {part.text, part.size, part.begins}, "file", ids)) {
        part.state = TokenizedPart::State::kUncut;
      }
      joiner.add(part, ids);
    }
  }
  writer.finish("");
  const CorpusFile file{DataFile(path)};
  Joined made{.tokens = Ids(static_cast<std::size_t>(file.tokens())),
              .starts = file.starts(0, file.tokens()),
              .empty = joiner.empty(),
              .skipped = joiner.skipped()};
  file.read(0, made.tokens);
  return made;
}

using Places = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("Parts become the tokens of the whole, though a token goes across their ends") {
  const Joined made = joined({{"a.bc.", "def.", "g"}, {"ab", "cd", "ef.", "gh."}, {"a", "b", "c"}});
  CHECK(made.tokens == Ids{2, 3, 4, 1, 999, 7, 3, 999, 3, 999});
  CHECK(made.starts == Places{0, 5, 8});
}

TEST_CASE("What waits is not worked on at each part") {
  const Sentences tokenizer;
  std::vector<std::string> parts(90, "0123456789");
  CHECK(joined({parts}, tokenizer).tokens.size() == 2);
  CHECK(tokenizer.bytes < 5000);  // each alone, and joined ones doubled
}

TEST_CASE("A bad part takes its document along, the others stay") {
  const Joined made = joined({{"ab."}, {"c.", "d", "!", "e."}, {"!"}, {""}, {"fg", "h."}});
  CHECK(made.tokens == Ids{3, 999, 4, 999});
  CHECK(made.starts == Places{0, 2});
  CHECK(made.skipped == 2);
  CHECK(made.empty == 1);
}

}  // namespace document_joiner_test
