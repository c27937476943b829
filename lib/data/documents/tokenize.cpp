#include "data/documents/tokenize.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/ordered_work.h"
#include "data/documents/document_reader.h"
#include "data/documents/document_text.h"

namespace pipetrain {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{1} << 18;   // of what a thread takes at a time
constexpr std::size_t kAheadBytes = std::size_t{32} << 20;  // that are read and not yet written

struct DocumentBatch {
  std::vector<RawDocument> documents;
  std::size_t size = 0;
  std::int64_t read = 0;  // bytes of files, up to its end
  std::size_t bytes() const { return size; }
};

struct TokenBatch {
  std::vector<std::int32_t> tokens;
  std::vector<std::size_t> ends;  // of documents
  std::int64_t read = 0;
  std::int64_t empty = 0, skipped = 0;
  std::string first_skipped;
};

std::optional<DocumentBatch> next_batch(DocumentReader& reader) {
  DocumentBatch batch;
  while (batch.size < kBatchBytes) {
    std::optional<RawDocument> document = reader.next();
    if (!document) break;
    batch.size += document->bytes.size() + sizeof *document;
    batch.documents.push_back(std::move(*document));
  }
  batch.read = reader.bytes_done();
  if (batch.documents.empty()) return std::nullopt;
  return batch;
}

// The text; nothing if the document is bad and such are skipped.
std::optional<std::string> text_or_skip(RawDocument document, const TokenizeRequest& request,
                                        TokenBatch& made) {
  try {
    return text_of_document(std::move(document), request.field);
  } catch (const Error& error) {
    if (request.on_bad_document == OnBadDocument::kStop) throw;
    if (made.skipped++ == 0) made.first_skipped = error.what();
    return std::nullopt;
  }
}

// What a tokenizer does not know is of the document, too.
void encode(const Tokenizer& tokenizer, const std::string& text, const std::string& place,
            std::vector<std::int32_t>& tokens) {
  try {
    tokenizer.encode(text, SpecialTokens::kNone, tokens);
  } catch (const Error& error) {
    throw Error(ExitCode::kData, "data: " + place + ": " + error.what());
  }
}

TokenBatch tokens_of(DocumentBatch batch, const TokenizeRequest& request,
                     const Tokenizer& tokenizer) {
  TokenBatch made{.read = batch.read};
  for (RawDocument& document : batch.documents) {
    const std::string place = place_of(document);
    const std::optional<std::string> text = text_or_skip(std::move(document), request, made);
    if (!text) continue;
    if (text->empty()) {
      ++made.empty;
      continue;
    }
    encode(tokenizer, *text, place, made.tokens);
    made.ends.push_back(made.tokens.size());
  }
  return made;
}

void add_batch(const TokenBatch& batch, CorpusWriter& corpus, TokenizedCounts& counts) {
  std::size_t begin = 0;
  for (const std::size_t end : batch.ends) {
    corpus.add(std::span(batch.tokens).subspan(begin, end - begin));
    begin = end;
  }
  counts.empty += batch.empty;
  if (counts.skipped == 0) counts.first_skipped = batch.first_skipped;
  counts.skipped += batch.skipped;
}

}  // namespace

std::string text_of(const TokenizeProgress& progress) {
  constexpr std::int64_t kMega = 1000000;
  return "tokenizing " + std::to_string(progress.bytes / kMega) + "/" +
         std::to_string(progress.all_bytes / kMega) + " MB  " + std::to_string(progress.documents) +
         " documents  " + std::to_string(progress.tokens) + " tokens";
}

CorpusTokens corpus_tokens_of(const Tokenizer& tokenizer) {
  if (tokenizer.vocabulary_size() <= 0) {
    throw Error(ExitCode::kConfiguration,
                "data.tokenizer: has no vocabulary, so it makes no tokens of a text; expected a "
                "tokenizer.json, a folder with one, or byte");
  }
  return {.tokenizer = tokenizer.digest(),
          .vocabulary = static_cast<std::uint32_t>(tokenizer.vocabulary_size()),
          .end_of_text = tokenizer.end_of_text().value_or(-1)};
}

TokenizedCounts tokenize_documents(const TokenizeRequest& request, const Tokenizer& tokenizer,
                                   CorpusWriter& corpus) {
  TokenizedCounts counts;
  DocumentReader reader(request.files);
  OrderedWork work(
      kAheadBytes, [&] { return next_batch(reader); },
      [&](DocumentBatch batch) { return tokens_of(std::move(batch), request, tokenizer); },
      [&](const TokenBatch& batch) {
        add_batch(batch, corpus, counts);
        request.progress({batch.read, reader.bytes(), corpus.documents(), corpus.tokens()});
        if (request.stopped()) {
          throw Error(ExitCode::kStopped,
                      "data: stopped on request while documents were tokenized; start again");
        }
      });
  work.run(request.threads);
  counts.documents = corpus.documents();
  counts.tokens = corpus.tokens();
  if (counts.documents == 0) {
    throw Error(ExitCode::kData, "data: " + request.files.front().path +
                                     (request.files.size() > 1 ? " and the other files" : "") +
                                     ": no document has any text" +
                                     (counts.skipped > 0 ? "; " + skipped_text(counts) : ""));
  }
  return counts;
}

std::string skipped_text(const TokenizedCounts& counts) {
  if (counts.skipped == 0) return {};
  std::string first = counts.first_skipped;
  first.resize(std::min(first.size(), first.find("; mend it")));
  if (first.starts_with("data: ")) first.erase(0, 6);
  return std::to_string(counts.skipped) + " bad document" + (counts.skipped == 1 ? "" : "s") +
         " skipped; the first: " + first;
}

}  // namespace pipetrain
