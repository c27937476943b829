// The keys and values that an attention layer keeps of rows whose tokens come in parts: memory that
// grows with the rows and with their tokens. It must not know what is computed of them.
#pragma once

#include <cstdint>

#include "ops/attention/attention.h"

namespace pipetrain {

struct KeyValueHeads {
  std::int64_t count = 0, width = 0;  // G, D
};

// What a call needs: `count` rows from `first` on, of so many tokens, with what comes now; the
// rows' own length is the most that they will ever be.
struct RowsToKeep {
  struct {
    std::int64_t first = 0, count = 0;
  } rows;
  std::int64_t tokens = 0, most_tokens = 0;
};

// Where they are in `kept`, which is made, or made larger with all that it has, if need be: keys
// (R, G, D, N), then values (R, G, N, D).
KeyValueCache key_value_rows(MemoryPool& pool, const KeyValueHeads& heads, const RowsToKeep& needed,
                             Tensor& kept);

}  // namespace pipetrain
