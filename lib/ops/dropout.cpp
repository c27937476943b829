#include "ops/dropout.h"

#include "base/random.h"
#include "ops/parallel.h"

namespace pipetrain {

void dropout_mask(std::int64_t rows, std::int64_t row_elements, const DropoutPlace& place,
                  double rate, std::uint8_t* mask) {
  constexpr std::int64_t kWords = 4;  // of one draw
  const std::int64_t draws = (row_elements + kWords - 1) / kWords;
  const auto threshold = static_cast<std::uint64_t>(rate * 0x1p32);
  parallel_ranges(rows * draws, 512, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = i / draws, first = i % draws * kWords;
      const std::uint64_t place_of_row = static_cast<std::uint64_t>(place.step) << 32 |
                                         static_cast<std::uint64_t>(place.first_row + row);
      const RandomWords words = philox(place.key, static_cast<std::uint64_t>(first), place_of_row);
      const std::int64_t count = std::min(kWords, row_elements - first);
      for (std::int64_t k = 0; k < count; ++k) {
        mask[row * row_elements + first + k] =
            words[static_cast<std::size_t>(k)] < threshold ? 0 : 1;
      }
    }
  });
}

}  // namespace pipetrain
