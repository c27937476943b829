// Two token files, one after the other: bare or with llm.c's header.
#include <cstddef>
#include <cstdint>

#include "data/formats/formats.h"
#include "fuzz/input.h"
#include "fuzz/source.h"

using namespace pipetrain;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [first, second] = fuzz::halves_of({data, size});
  const fuzz::MemoryFile one(first), two(second);
  DataConfig config{.format = "tokens", .path = {one.path()}};
  if (!second.empty()) config.path.push_back(two.path());
  config.validation_fraction = size % 2 == 0 ? 0 : 0.5;
  const int vocabulary = size % 3 == 0 ? 100 : 0;
  fuzz::read_or_refuse([&] { fuzz::read_rows(*open_source(config, 4, 1, vocabulary)); });
  return 0;
}
