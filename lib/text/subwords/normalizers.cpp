#include "text/subwords/normalizers.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace pipetrain {
namespace {

Normalizers normalizer_sequence(JsonPart& part) {
  Normalizers all;
  for (JsonPart& inner : part.list("normalizers")) {
    Normalizers made = read_normalizers(inner);
    all.insert(all.end(), std::move_iterator(made.begin()), std::move_iterator(made.end()));
  }
  return all;
}

constexpr PartRow<Normalizers> kNormalizerKinds[] = {
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
    {"Sequence", normalizer_sequence},
};

}  // namespace

void normalize(const Normalizers& normalizers, std::string& text) {
  std::string rest;
  normalize_parts(normalizers, text, rest, /*inside=*/false);
}

bool normalize_parts(const Normalizers& normalizers, std::string& text, std::string& rest,
                     bool inside) {
  constexpr std::size_t kMostTimes = 64, kMostBytes = std::size_t{1} << 20;
  const std::size_t most = kMostTimes * (text.size() + rest.size()) + kMostBytes;
  for (const auto& normalizer : normalizers) {
    if (!rest.empty() && !normalizer->parts(text, rest)) return false;
    if (!inside || !normalizer->only_at_start()) normalizer->apply(text);
    if (!rest.empty() && !normalizer->only_at_start()) normalizer->apply(rest);
    if (text.size() + rest.size() <= most) continue;
    throw Error(ExitCode::kConfiguration, "the tokenizer's normalizer makes a text more than " +
                                              std::to_string(kMostTimes) + " times as long");
  }
  return true;
}

bool any_only_at_start(const Normalizers& normalizers) {
  return std::ranges::any_of(normalizers, &Normalizer::only_at_start);
}

Normalizers read_normalizers(JsonPart& part) { return read_by_type(kNormalizerKinds, part); }

}  // namespace pipetrain
