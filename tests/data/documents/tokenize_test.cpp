#include "data/documents/tokenize.h"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/packed.h"
#include "data/temporary_folder.h"
#include "text/subwords/load_tokenizer.h"

using namespace pipetrain;

namespace tokenize_test {

namespace {

const std::unique_ptr<Tokenizer> kBytes = read_tokenizer(R"({"type": "byte"})", {"test"});

struct Made {
  TokenizedCounts counts;
  std::string bytes;  // of the file
};

Made made_of(const TemporaryFolder& folder, const TokenizeRequest& request) {
  const std::string path = folder.path("made.bin");
  CorpusWriter writer(path, corpus_tokens_of(*kBytes));
  Made made{.counts = tokenize_documents(request, *kBytes, writer)};
  writer.finish("");
  std::ifstream file(path, std::ios::binary);
  made.bytes = {std::istreambuf_iterator<char>(file), {}};
  return made;
}

std::string lines_of(int first, int count, int wrong = -1) {
  std::string lines;
  for (int i = first; i < first + count; ++i) {
    const std::string text(static_cast<std::size_t>(i * 7919 % 300),
                           static_cast<char>('a' + i % 26));
    lines += i == wrong ? "{\"text\": oh}\n" : "{\"text\": \"" + text + "\"}\n";
  }
  return lines;
}

}  // namespace

TEST_CASE("The file is the same for any number of threads and however documents are packed") {
  const TemporaryFolder folder;
  const std::string one = lines_of(0, 5000), two = lines_of(5000, 3000);
  const std::string expected =
      made_of(folder, {.files = {{folder.write("all", one + two), true}}}).bytes;
  for (const int threads : {1, 2, 5}) {
    const Made made = made_of(folder, {.files = {{folder.write("one", zstd_packed(one)), true},
                                                 {folder.write("two", packed(two)), true}},
                                       .threads = threads});
    CHECK(made.bytes == expected);
    CHECK(made.counts.documents + made.counts.empty == 8000);
    CHECK(made.counts.empty == 27);
  }
}

TEST_CASE("The first bad document in order stops, or bad ones are skipped and counted") {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.jsonl", lines_of(1, 3000, 2500) + lines_of(1, 900, 800));
  for (const int threads : {1, 4}) {
    TokenizeRequest request{.files = {{file, true}}, .threads = threads};
    CHECK(contains(data_error_of([&] { made_of(folder, request); }, file), "line 2500 (byte ",
                   "is not JSON at byte ", "set data.on_bad_document to skip"));
    request.on_bad_document = OnBadDocument::kSkip;
    const TokenizedCounts counts = made_of(folder, request).counts;
    CHECK(counts.skipped == 2);
    CHECK(contains(skipped_text(counts),
                   "2 bad documents skipped; the first: " + file + ": line 2500 "));
    CHECK(!contains(skipped_text(counts), "mend it"));
  }
}

TEST_CASE("Files without any text, and a wish to stop, end it") {
  const TemporaryFolder folder;
  const std::string empty = folder.write("empty", "{\"text\": \"\"}\n\n");
  CHECK(contains(data_error_of([&] { made_of(folder, {.files = {{empty, true}}}); }),
                 "empty: no document has any text"));
  TokenizeRequest request{.files = {{folder.write("a", lines_of(1, 10)), true}},
                          .stopped = [] { return true; }};
  CHECK_THROWS_WITH(made_of(folder, request), ContainsSubstring("stopped on request"));
}

TEST_CASE("Progress ends with all bytes of the files and what was made of them") {
  const TemporaryFolder folder;
  const std::string text = lines_of(1, 9000);
  TokenizeProgress last;
  int calls = 0;
  TokenizeRequest request{.files = {{folder.write("a", text), true}}};
  request.progress = [&](const TokenizeProgress& progress) {
    CHECK(progress.bytes >= last.bytes);
    last = progress;
    ++calls;
  };
  const Made made = made_of(folder, request);
  CHECK(calls > 1);
  CHECK(last.bytes == static_cast<std::int64_t>(text.size()));
  CHECK(last.all_bytes == last.bytes);
  CHECK(last.tokens == made.counts.tokens);
}

TEST_CASE(
    "A long text is one document, the same for any number of threads; one bad byte is enough") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; text.size() < std::size_t{3} << 20; ++i)
    text += std::to_string(i * 7919) + " is ";
  const std::vector<DocumentFile> files = {{folder.write("a.txt", "One."), false},
                                           {folder.write("b.txt", text), false},
                                           {folder.write("c.txt", "Two."), false}};
  const Made one = made_of(folder, {.files = files});
  CHECK(one.counts.documents == 3);
  CHECK(one.counts.tokens == static_cast<std::int64_t>(text.size()) + 8);
  CHECK(one.bytes.find(std::string("O\0n\0e\0.\0"
                                   "0\0",
                                   10)) != std::string::npos);
  CHECK(made_of(folder, {.files = files, .threads = 3}).bytes == one.bytes);

  text[text.size() - 1000] = '\xFF';
  folder.write("b.txt", text);
  TokenizeRequest request{.files = files, .threads = 3};
  CHECK(contains(data_error_of([&] { made_of(folder, request); }),
                 "b.txt: is not UTF-8 at byte " + std::to_string(text.size() - 1000)));
  request.on_bad_document = OnBadDocument::kSkip;
  const Made rest = made_of(folder, request);
  CHECK(rest.counts.skipped == 1);
  CHECK(rest.counts.documents == 2);
  CHECK(rest.counts.tokens == 8);
}

}  // namespace tokenize_test
