// What a tokenizer changes in a text before it is cut: Unicode forms, letter case, accents, spaces.
// It must not know tokens.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/subwords/part.h"

namespace pipetrain {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(std::string& text) const = 0;  // of valid UTF-8, before and after
};

using Normalizers = std::vector<std::unique_ptr<Normalizer>>;  // one after the other

// All of them. Error(kConfiguration) if they make a text so long that somebody means harm.
void normalize(const Normalizers& normalizers, std::string& text);

// Of the part "normalizer".
Normalizers read_normalizers(JsonPart& part);

// The kinds, each in a file of its own.
Normalizers read_nfc(JsonPart& part), read_nfd(JsonPart& part), read_nfkc(JsonPart& part),
    read_nfkd(JsonPart& part);
Normalizers read_lower_case(JsonPart& part), read_strip_accents(JsonPart& part),
    read_strip(JsonPart& part);
Normalizers read_prepend(JsonPart& part), read_replace(JsonPart& part),
    read_bert_normalizer(JsonPart& part);

std::unique_ptr<Normalizer> lower_case_normalizer();
std::unique_ptr<Normalizer> nfd_normalizer();

}  // namespace pipetrain
