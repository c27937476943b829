#include "text/subwords/normalizers.h"

#include <iterator>
#include <utility>

namespace pipetrain {
namespace {

Normalizers read_sequence(JsonPart& part) {
  Normalizers all;
  for (JsonPart& inner : part.list("normalizers")) {
    Normalizers made = read_normalizers(inner);
    all.insert(all.end(), std::move_iterator(made.begin()), std::move_iterator(made.end()));
  }
  return all;
}

constexpr PartRow<Normalizers> kKinds[] = {
    {"NFC", read_nfc},
    {"NFD", read_nfd},
    {"NFKC", read_nfkc},
    {"NFKD", read_nfkd},
    {"Lowercase", read_lower_case},
    {"StripAccents", read_strip_accents},
    {"Strip", read_strip},
    {"Prepend", read_prepend},
    {"Replace", read_replace},
    {"BertNormalizer", read_bert_normalizer},
    {"Sequence", read_sequence},
};

}  // namespace

Normalizers read_normalizers(JsonPart& part) { return read_by_type(kKinds, part); }

}  // namespace pipetrain
