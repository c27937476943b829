#include "text/subwords/normalizers.h"

#include <cstddef>
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

void normalize(const Normalizers& normalizers, std::string& text) {
  constexpr std::size_t kMostTimes = 64, kMostBytes = std::size_t{1} << 20;
  const std::size_t most = kMostTimes * text.size() + kMostBytes;
  for (const auto& normalizer : normalizers) {
    normalizer->apply(text);
    if (text.size() <= most) continue;
    throw Error(ExitCode::kConfiguration, "the tokenizer's normalizer makes a text more than " +
                                              std::to_string(kMostTimes) + " times as long");
  }
}

Normalizers read_normalizers(JsonPart& part) { return read_by_type(kKinds, part); }

}  // namespace pipetrain
