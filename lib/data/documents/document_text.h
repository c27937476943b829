// The text of a document as it lies in a file: a field of a line of JSON, or all of it. It must not
// know tokens.
#pragma once

#include <string>

#include "data/documents/document_reader.h"

namespace pipetrain {

// Error(kData) that names file, line and byte: no JSON object, no such field, no text in it, no
// UTF-8, or longer than a document may be.
std::string text_of_document(RawDocument document, const std::string& field);

}  // namespace pipetrain
