// Comma-separated texts with labels, by every tokenizer. The first byte chooses it.
#include <cstddef>
#include <cstdint>

#include "data/formats/formats.h"
#include "fuzz/input.h"
#include "fuzz/source.h"

using namespace pipetrain;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const fuzz::MemoryFile file(fuzz::Input(data + 1, size - 1));
  const TokenizerKind tokenizers[] = {TokenizerKind::kWords, TokenizerKind::kCharacters,
                                      TokenizerKind::kBytes};
  DataConfig config{.format = "csv", .path = {file.path()}, .tokenizer = tokenizers[data[0] % 3]};
  config.validation_fraction = data[0] % 2 == 0 ? 0 : 0.5;
  config.vocabulary = data[0] % 5 == 0 ? 4 : 0;
  fuzz::read_or_refuse([&] { fuzz::read_rows(*open_source(config, 8, 1)); });
  return 0;
}
