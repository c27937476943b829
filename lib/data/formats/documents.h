// The tokenizer that a configuration names, and documents that become tokens by it. It must not
// know how they do: data/documents/ does.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/data_config.h"
#include "data/documents/document_files.h"
#include "data/formats/formats.h"
#include "text/tokenizer.h"

namespace pipetrain {

struct NamedTokenizer {
  nlohmann::json json;  // for the checkpoint
  std::unique_ptr<const Tokenizer> tokenizer;
};

// Of data.tokenizer, a path or `byte`.
NamedTokenizer named_tokenizer(const DataConfig& config);

// Error(kConfiguration) if the model has fewer tokens than the tokenizer.
void require_vocabulary(const DataRequest& request, std::int64_t vocabulary);

std::unique_ptr<Source> open_as_documents(const DataRequest& request, DocumentForm form);

}  // namespace pipetrain
