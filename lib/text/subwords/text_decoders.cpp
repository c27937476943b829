#include "text/subwords/text_decoders.h"

#include <iterator>

namespace pipetrain {
namespace {

TextDecoders read_sequence(JsonPart& part) {
  TextDecoders all;
  for (JsonPart& inner : part.list("decoders")) {
    TextDecoders made = read_text_decoders(inner);
    all.insert(all.end(), std::move_iterator(made.begin()), std::move_iterator(made.end()));
  }
  return all;
}

constexpr PartRow<TextDecoders> kKinds[] = {
    {"ByteLevel", read_byte_level_decoder},
    {"Metaspace", read_metaspace_decoder},
    {"WordPiece", read_word_piece_decoder},
    {"BPEDecoder", read_bpe_decoder},
    {"ByteFallback", read_byte_fallback},
    {"Fuse", read_fuse},
    {"Strip", read_strip_decoder},
    {"Replace", read_replace_decoder},
    {"Sequence", read_sequence},
};

}  // namespace

TextDecoders read_text_decoders(JsonPart& part) { return read_by_type(kKinds, part); }

}  // namespace pipetrain
