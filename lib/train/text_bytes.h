// How long the text is that validation rows are targets of. It must not know models.
#pragma once

#include <cstdint>

#include "data/source.h"

namespace pipetrain {

// Bytes of the targets of the first `rows` validation rows, one behind the other, as text; tokens
// that have none, such as the one for the end of a text, count as nothing. 0 if no tokens of the
// source are text. Takes the source's tokenizer, and builds one where it has none.
std::int64_t text_bytes(Source& source, std::int64_t rows);

}  // namespace pipetrain
