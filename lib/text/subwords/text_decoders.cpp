#include "text/subwords/text_decoders.h"

#include <cstddef>
#include <iterator>

namespace pipetrain {
namespace {

TextDecoders decoder_sequence(JsonPart& part) {
  TextDecoders all;
  for (JsonPart& inner : part.list("decoders")) {
    TextDecoders made = read_text_decoders(inner);
    all.insert(all.end(), std::move_iterator(made.begin()), std::move_iterator(made.end()));
  }
  return all;
}

constexpr PartRow<TextDecoders> kDecoderKinds[] = {
    {"ByteLevel", read_byte_level_decoder}, {"Metaspace", read_metaspace_decoder},
    {"WordPiece", read_word_piece_decoder}, {"BPEDecoder", read_bpe_decoder},
    {"ByteFallback", read_byte_fallback},   {"Fuse", read_fuse},
    {"Strip", read_strip_decoder},          {"Replace", read_replace_decoder},
    {"Sequence", decoder_sequence},
};

}  // namespace

void decode_texts(const TextDecoders& decoders, std::vector<std::string>& tokens, Bytes bytes) {
  constexpr std::size_t kMostTimes = 64, kMostBytes = std::size_t{1} << 20;
  const auto size = [&] {
    std::size_t sum = 0;
    for (const std::string& token : tokens) sum += token.size();
    return sum;
  };
  const std::size_t most = kMostTimes * size() + kMostBytes;
  for (const auto& decoder : decoders) {
    decoder->apply(tokens, bytes);
    if (size() <= most) continue;
    throw Error(ExitCode::kConfiguration, "the tokenizer's decoder makes a text more than " +
                                              std::to_string(kMostTimes) + " times as long");
  }
}

TextDecoders read_text_decoders(JsonPart& part) { return read_by_type(kDecoderKinds, part); }

}  // namespace pipetrain
