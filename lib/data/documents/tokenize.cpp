#include "data/documents/tokenize.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/ordered_work.h"
#include "data/documents/document_joiner.h"
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
  std::vector<TokenizedPart> parts;
  std::vector<std::int32_t> tokens;
  std::vector<std::size_t> ends;  // of the parts' tokens
  std::int64_t read = 0;
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

// The text of a part; of a bad one that is skipped what is wrong with it.
TokenizedPart text_of_part(RawDocument document, const TokenizeRequest& request) {
  TokenizedPart part{.begins = document.begins, .ends = document.ends, .place = place_of(document)};
  const std::size_t ahead = document.ahead;
  try {
    part.text = text_of_document(std::move(document), request.field);
    part.size = part.text.size() - ahead;
  } catch (const Error& error) {
    if (request.on_bad_document == OnBadDocument::kStop) throw;
    part.state = TokenizedPart::State::kBad;
    part.complaint = error.what();
  }
  return part;
}

TokenBatch tokens_of(DocumentBatch batch, const TokenizeRequest& request,
                     const Tokenizer& tokenizer) {
  TokenBatch made{.read = batch.read};
  for (RawDocument& document : batch.documents) {
    TokenizedPart part = text_of_part(std::move(document), request);
    if (part.state != TokenizedPart::State::kBad && part.size > 0 &&
        !encode_part(tokenizer, {part.text, part.size, part.begins}, part.place, made.tokens)) {
      part.state = TokenizedPart::State::kUncut;
    }
    if (part.begins && part.ends) part.text = std::string();
    made.parts.push_back(std::move(part));
    made.ends.push_back(made.tokens.size());
  }
  return made;
}

void add_batch(const TokenBatch& batch, DocumentJoiner& documents) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < batch.parts.size(); ++i) {
    documents.add(batch.parts[i], std::span(batch.tokens).subspan(begin, batch.ends[i] - begin));
    begin = batch.ends[i];
  }
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
  DocumentJoiner documents(tokenizer, corpus);
  OrderedWork work(
      kAheadBytes, [&] { return next_batch(reader); },
      [&](DocumentBatch batch) { return tokens_of(std::move(batch), request, tokenizer); },
      [&](const TokenBatch& batch) {
        add_batch(batch, documents);
        request.progress({batch.read, reader.bytes(), corpus.documents(), corpus.tokens()});
        if (request.stopped()) {
          throw Error(ExitCode::kStopped,
                      "data: stopped on request while documents were tokenized; start again");
        }
      });
  work.run(request.threads);
  counts.documents = corpus.documents();
  counts.tokens = corpus.tokens();
  counts.empty = documents.empty();
  counts.skipped = documents.skipped();
  counts.first_skipped = documents.first_skipped();
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
