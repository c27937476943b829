// Documents of text or of JSON lines, which a tokenizer makes tokens of when they are first met:
// what comes of it is kept in a cache (data/documents/corpus_cache.h). Each ends with the
// tokenizer's token for the end of a text, if it has one.
#include "data/formats/documents.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/cores.h"
#include "base/error.h"
#include "base/progress_bar.h"
#include "base/stop_request.h"
#include "data/data_host.h"
#include "data/documents/corpus_cache.h"
#include "data/formats/corpus.h"
#include "data/formats/token_source.h"
#include "text/subwords/load_tokenizer.h"

namespace pipetrain {
namespace {

CachedCorpus tokenized(const DataRequest& request, const Tokenizer& tokenizer,
                       const std::vector<std::string>& paths, DocumentForm form) {
  const DataConfig& config = request.config;
  const OnHost here(request.host);
  ProgressBar bar(request.host.progress);
  const TokenizeRequest wanted{.files = list_documents(paths, form),
                               .field = config.field,
                               .on_bad_document = config.on_bad_document,
                               .threads = own_cores(),
                               .progress =
                                   [&](const TokenizeProgress& progress) {
                                     bar.draw(progress.bytes, progress.all_bytes,
                                              [&] { return text_of(progress); });
                                   },
                               .stopped = [] { return stop_requested(); }};
  CachedCorpus corpus = cached_corpus(wanted, tokenizer,
                                      config.cache.empty() ? default_cache_folder() : config.cache);
  const std::string skipped = skipped_text(corpus.counts);
  if (!skipped.empty()) request.warnings.push_back("data: " + skipped);
  return corpus;
}

}  // namespace

std::unique_ptr<Source> open_as_documents(const DataRequest& request, DocumentForm form) {
  const DataConfig& config = request.config;
  NamedTokenizer named = named_tokenizer(config);
  const Tokenizer& tokenizer = *named.tokenizer;
  require_vocabulary(request, tokenizer.vocabulary_size());
  if (!tokenizer.end_of_text()) {
    request.warnings.push_back(
        "data: the tokenizer names no token for the end of a text; documents follow each other "
        "without one");
  }
  CachedCorpus training = tokenized(request, tokenizer, config.path, form);
  const std::int64_t documents = training.counts.documents;
  Corpus corpus(
      std::to_string(documents) + " documents as " + std::string(tokenizer.kind()) + " tokens",
      named.json);
  corpus.append(std::move(training.file), config.path.front());
  corpus.end_path();
  if (config.validates_files()) {
    corpus.append(tokenized(request, tokenizer, config.validation_files, form).file,
                  config.validation_files.front());
  }
  corpus.set_vocabulary(tokenizer.vocabulary_size());
  corpus.set_checked();
  corpus.set_maker(std::move(named.tokenizer));
  return token_source(std::move(corpus), request);
}

NamedTokenizer named_tokenizer(const DataConfig& config) {
  if (config.tokenizer_path.empty()) {
    const nlohmann::json json = {{"type", name_of(kTokenizers, config.tokenizer)}};
    return {json, make_tokenizer(json, {.path = "data.tokenizer"})};
  }
  LoadedTokenizer loaded = load_tokenizer(config.tokenizer_path);
  return {std::move(loaded.file), std::move(loaded.tokenizer)};
}

void require_vocabulary(const DataRequest& request, std::int64_t vocabulary) {
  if (request.vocabulary == 0 || request.vocabulary >= vocabulary) return;
  throw Error(ExitCode::kConfiguration, "model.vocabulary: " + std::to_string(request.vocabulary) +
                                            " is less than the tokenizer's vocabulary of " +
                                            std::to_string(vocabulary) +
                                            "; set it to that or more, or to auto");
}

std::unique_ptr<Source> open_documents(const DataRequest& request) {
  return open_as_documents(request, DocumentForm::kByName);
}

std::unique_ptr<Source> open_jsonl(const DataRequest& request) {
  return open_as_documents(request, DocumentForm::kLines);
}

}  // namespace pipetrain
