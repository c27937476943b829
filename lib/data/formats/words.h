// Text files as words (text/vocabulary.h), token 0 for unknown ones. It must not know windows.
#pragma once

#include "data/formats/corpus.h"
#include "data/formats/formats.h"

namespace pipetrain {

// The vocabulary is that of the part that trains, at most request.most_tokens(); the split is that
// of split_tokens.
Corpus read_words(const DataRequest& request);

}  // namespace pipetrain
