#include "text/subwords/load_tokenizer.h"

#include <string>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

std::string refusal_of(const std::string& json, ExitCode code) {
  try {
    read_tokenizer(json, {"tokenizer.json", code});
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A damaged tokenizer is refused") {
  for (const std::string json :
       {"", "[]", R"({"type": 3})", R"({"type": "char"})", R"({"type": "char", "vocabulary": []})",
        R"({"type": "char", "vocabulary": [300]})", R"({"type": "word", "vocabulary": [["a"]]})",
        R"({"type": "word", "vocabulary": ["a"], "unknown": 7})"}) {
    INFO(json);
    CHECK(contains(refusal_of(json, ExitCode::kCheckpoint), "checkpoint: tokenizer.json: "));
    CHECK(contains(refusal_of(json, ExitCode::kData), "tokenizer: tokenizer.json: "));
  }
}
