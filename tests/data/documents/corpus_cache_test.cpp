#include "data/documents/corpus_cache.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"
#include "text/subwords/load_tokenizer.h"

using namespace pipetrain;

namespace corpus_cache_test {

namespace {

namespace fs = std::filesystem;

const std::unique_ptr<Tokenizer> kBytes = read_tokenizer(R"({"type": "byte"})", {"test"});

class Cache {
 public:
  // How many documents were tokenized for it: 0 if all was there.
  int made(TokenizeRequest request, const Tokenizer& tokenizer = *kBytes) {
    int made = 0;
    request.progress = [&](const TokenizeProgress& progress) {
      made = static_cast<int>(progress.documents);
    };
    const CachedCorpus corpus = cached_corpus(request, tokenizer, folder_.path("cache/deep"));
    CHECK(corpus.file.documents() == corpus.counts.documents);
    last = corpus.counts;
    path = corpus.file.path();
    return made;
  }

  TokenizedCounts last;
  std::string path;

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("What was tokenized is found again by content, time, tokenizer and options") {
  const TemporaryFolder folder;
  Cache cache;
  const std::string file = folder.write("a.txt", std::string(200000, 'x'));
  const TokenizeRequest request{.files = {{file, false}}};
  CHECK(cache.made(request) == 1);
  CHECK(cache.made(request) == 0);
  const std::string first = cache.path;

  const std::string copy = folder.path("copy.txt");  // of another name, with its time
  fs::copy_file(file, copy);
  fs::last_write_time(copy, fs::last_write_time(file));
  CHECK(cache.made({.files = {{copy, false}}}) == 0);

  CHECK(cache.made({.files = {{file, false}}, .on_bad_document = OnBadDocument::kSkip}) == 1);
  CHECK(cache.made({.files = {{file, false}}, .field = "body"}) == 1);
  CHECK(cache.made({.files = {{file, false}, {copy, false}}}) == 2);

  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(1));
  CHECK(cache.made(request) == 1);  // touched
  CHECK(cache.path != first);
}

TEST_CASE("A file that was changed is tokenized again, though it has its size and time") {
  const TemporaryFolder folder;
  Cache cache;
  const TokenizeRequest request{.files = {{folder.write("a.txt", std::string(50000, 'x')), false}}};
  CHECK(cache.made(request) == 1);
  const auto time = fs::last_write_time(request.files[0].path);
  folder.write("a.txt", std::string(49999, 'x') + "y");
  fs::last_write_time(request.files[0].path, time);
  CHECK(cache.made(request) == 1);
}

TEST_CASE("What is not whole in the cache is made again") {
  const TemporaryFolder folder;
  Cache cache;
  const TokenizeRequest request{.files = {{folder.write("a.txt", "some text"), false}}};
  CHECK(cache.made(request) == 1);
  fs::resize_file(cache.path, fs::file_size(cache.path) - 1);
  CHECK(cache.made(request) == 1);
  std::ofstream(cache.path) << "no corpus";
  CHECK(cache.made(request) == 1);
  fs::remove(cache.path);
  std::ofstream(cache.path + ".part") << "of a run that was killed";
  CHECK(cache.made(request) == 1);
  CHECK(cache.made(request) == 0);
}

TEST_CASE("What was skipped is said again when the tokens are found in the cache") {
  const TemporaryFolder folder;
  Cache cache;
  const TokenizeRequest request{
      .files = {{folder.write("a.jsonl", "{\"text\": \"x\"}\n{\"text\": \"\"}\noh\n"), true}},
      .on_bad_document = OnBadDocument::kSkip};
  for (const int made : {1, 0}) {
    CHECK(cache.made(request) == made);
    CHECK(cache.last.skipped == 1);
    CHECK(cache.last.empty == 1);
    CHECK(contains(skipped_text(cache.last),
                   "1 bad document skipped; the first: ", "a.jsonl: line 3"));
  }
}

TEST_CASE("Documents that change while they are tokenized are refused, and nothing is kept") {
  const TemporaryFolder folder, cache;
  const std::string file = folder.write("a.txt", "some text");
  TokenizeRequest request{.files = {{file, false}}};
  request.progress = [&](const TokenizeProgress&) { folder.write("a.txt", "another text"); };
  CHECK(contains(data_error_of([&] { cached_corpus(request, *kBytes, cache.path("")); }),
                 "a.txt: was changed while it was tokenized"));
  CHECK(fs::is_empty(cache.path("")));
}

TEST_CASE("The cache is where XDG says, else below the home folder") {
  setenv("XDG_CACHE_HOME", "/x/cache", 1);
  CHECK(default_cache_folder() == "/x/cache/pipetrain");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/home/x", 1);
  CHECK(default_cache_folder() == "/home/x/.cache/pipetrain");
}

}  // namespace corpus_cache_test
