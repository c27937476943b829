#include "data/documents/document_joiner.h"

#include <vector>

#include "base/error.h"
#include "data/documents/document_reader.h"

namespace pipetrain {

bool encode_part(const Tokenizer& tokenizer, const TextPart& part, const std::string& place,
                 std::vector<std::int32_t>& ids) {
  try {
    return tokenizer.encode_part(part, ids);
  } catch (const Error& error) {
    throw Error(ExitCode::kData, "data: " + place + ": " + error.what());
  }
}

void DocumentJoiner::add(const TokenizedPart& part, std::span<const std::int32_t> tokens) {
  if (part.begins) begin();
  has_text_ = has_text_ || part.size > 0;
  if (part.state == TokenizedPart::State::kBad && !dropped_) {
    dropped_ = true;
    corpus_.drop_document();
    if (skipped_++ == 0) first_skipped_ = part.complaint;
  } else if (!dropped_ && (part.state == TokenizedPart::State::kUncut || !joined_.empty())) {
    add_joined(part);
  } else if (!dropped_) {
    corpus_.add_part(tokens);
  }
  if (part.ends) end();
}

void DocumentJoiner::begin() {
  has_text_ = dropped_ = false;
  joined_.clear();
}

// Not at each part, lest a long text be worked on again and again.
void DocumentJoiner::add_joined(const TokenizedPart& part) {
  if (joined_.empty()) {
    joined_begins_ = part.begins;
    tried_ = part.size;
  }
  joined_.append(part.text, 0, part.size);
  if (joined_.size() > kMostDocumentBytes) {
    throw Error(ExitCode::kData,
                "data: " + part.place + ": has more than " + std::to_string(kMostDocumentBytes) +
                    " bytes without a place at which the tokenizer's work can be cut; cut the text "
                    "into several documents");
  }
  if (!part.ends && joined_.size() < 2 * tried_) return;
  const std::size_t size = joined_.size();
  tried_ = size;
  joined_.append(part.text, part.size);
  std::vector<std::int32_t> ids;
  const bool whole = encode_part(tokenizer_, {joined_, size, joined_begins_}, part.place, ids);
  joined_.resize(whole ? 0 : size);
  if (whole) corpus_.add_part(ids);
}

void DocumentJoiner::end() {
  if (dropped_) return;
  if (has_text_) {
    corpus_.end_document();
  } else {
    ++empty_;
  }
}

}  // namespace pipetrain
