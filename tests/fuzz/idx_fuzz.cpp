// A pair of idx files, plain or packed with gzip: images, then labels.
#include <cstddef>
#include <cstdint>

#include "data/formats/formats.h"
#include "fuzz/input.h"
#include "fuzz/source.h"

using namespace pipetrain;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [first, second] = fuzz::halves_of({data, size});
  const fuzz::MemoryFile images(first), labels(second);
  DataConfig config{.format = "idx", .path = {images.path(), labels.path()}};
  config.validation_fraction = size % 2 == 0 ? 0 : 0.5;
  config.pad = config.crop = size % 3 == 0 ? 2 : 0;
  config.flip = true;
  fuzz::read_or_refuse([&] { fuzz::read_rows(*open_source(config, 0, 1)); });
  return 0;
}
