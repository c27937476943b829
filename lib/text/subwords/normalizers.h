// What a tokenizer changes in a text before it is cut: Unicode forms, letter case, accents, spaces.
// It must not know tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/subwords/part.h"

namespace pipetrain {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(std::string& text) const = 0;  // of valid UTF-8, before and after
  // Whether it makes the same of a text and of what follows it, one by one, as of both together.
  virtual bool parts(std::string_view /*text*/, std::string_view /*rest*/) const { return true; }
  virtual bool only_at_start() const { return false; }  // it leaves all but a text's start alone
};

using Normalizers = std::vector<std::unique_ptr<Normalizer>>;  // one after the other

// All of them. Error(kConfiguration) if they make a text so long that somebody means harm.
void normalize(const Normalizers& normalizers, std::string& text);

// A text and what follows it, one by one. False if together they may become something else.
// `inside`: it is not the start of a text.
bool normalize_parts(const Normalizers& normalizers, std::string& text, std::string& rest,
                     bool inside);
bool any_only_at_start(const Normalizers& normalizers);

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
