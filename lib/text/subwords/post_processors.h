// What a tokenizer puts around the tokens of a text: "<s> ... </s>". It must not know how they were
// made.
#pragma once

#include <cstdint>
#include <vector>

#include "text/subwords/part.h"

namespace pipetrain {

struct AroundText {
  std::vector<std::int32_t> before, after;
};

// Of the part "post_processor".
AroundText read_post_processors(JsonPart& part);

}  // namespace pipetrain
