// Cutting at white space, punctuation and digits.
#include <string>

#include "text/characters.h"
#include "text/subwords/pre_tokenizers.h"
#include "text/subwords/split.h"

namespace pipetrain {

PreTokenizers read_digits(JsonPart& part) {
  PreTokenizers made;
  const bool each = part.flag_or("individual_digits", false);
  made.add(split_at(is_number, each ? Delimiter::kIsolated : Delimiter::kContiguous));
  return made;
}

PreTokenizers read_whitespace(JsonPart& /*part*/) {
  PreTokenizers made;
  const std::string word(kWordSet), space(kSpaceSet);
  made.add(split_at(Pattern("[" + word + "]+|[^" + word + space + "]+"), Delimiter::kRemoved,
                    /*invert=*/true));
  return made;
}

PreTokenizers read_whitespace_split(JsonPart& /*part*/) {
  PreTokenizers made;
  made.add(split_at(is_white_space, Delimiter::kRemoved));
  return made;
}

PreTokenizers read_punctuation(JsonPart& part) {
  PreTokenizers made;
  made.add(split_at(is_punctuation, read_delimiter(part, "Isolated")));
  return made;
}

PreTokenizers read_bert_pre_tokenizer(JsonPart& /*part*/) {
  PreTokenizers made;
  made.add(split_at(is_white_space, Delimiter::kRemoved));
  made.add(split_at(is_punctuation, Delimiter::kIsolated));
  return made;
}

}  // namespace pipetrain
