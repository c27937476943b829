// A tokenizer.json from anywhere, and a text: what is read encodes any text, its ids are in the
// vocabulary, and they decode, at once and token by token.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/input.h"
#include "text/subwords/load_tokenizer.h"

using namespace pipetrain;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [text, json] = fuzz::halves_of(fuzz::Input(data, size));
  fuzz::read_or_refuse([&, text = text, json = json] {
    const auto tokenizer = read_tokenizer(fuzz::text_of(json), {"tokenizer.json"}, 1000);
    for (const SpecialTokens special : {SpecialTokens::kNone, SpecialTokens::kAround}) {
      const auto ids = tokenizer->encode(fuzz::text_of(text), special);
      const auto stream = tokenizer->stream();
      for (const std::int32_t id : ids) {
        fuzz::require(
            id >= 0 && (tokenizer->vocabulary_size() == 0 || id < tokenizer->vocabulary_size()),
            "ids are in the vocabulary");
        stream->add(id);
      }
      stream->finish();
      tokenizer->decode(ids, special);
    }
  });
  return 0;
}
