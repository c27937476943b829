// Documents to a file of tokens, on several threads: the same file for any number of them. It must
// not know how a tokenizer works, nor who looks on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/documents/corpus_writer.h"
#include "data/documents/document_files.h"
#include "text/tokenizer.h"

namespace pipetrain {

struct TokenizeProgress {
  std::int64_t bytes = 0, all_bytes = 0;  // of the files, as they lie there
  std::int64_t documents = 0, tokens = 0;
};

// What stands behind the progress bar.
std::string text_of(const TokenizeProgress& progress);

struct TokenizeRequest {
  std::vector<DocumentFile> files;
  std::string field = "text";  // of JSON lines
  OnBadDocument on_bad_document = OnBadDocument::kStop;
  int threads = 1;
  std::function<void(const TokenizeProgress&)> progress = [](const TokenizeProgress&) {};
  std::function<bool()> stopped = [] { return false; };  // Error(kStopped) once it is true
};

struct TokenizedCounts {
  std::int64_t documents = 0, tokens = 0;
  std::int64_t empty = 0;     // documents without any text, which are left out
  std::int64_t skipped = 0;   // bad ones
  std::string first_skipped;  // what is wrong with the first
};

// What the file's header says of such tokens. Error(kConfiguration) for tokenizers without a
// vocabulary of their own.
CorpusTokens corpus_tokens_of(const Tokenizer& tokenizer);

// Adds the documents in the order of files and lines. Error(kData) if there is none.
TokenizedCounts tokenize_documents(const TokenizeRequest& request, const Tokenizer& tokenizer,
                                   CorpusWriter& corpus);

// "12 bad documents were skipped; the first: ...", for the log; empty if there are none.
std::string skipped_text(const TokenizedCounts& counts);

}  // namespace pipetrain
