#include "generate/prompt_file.h"

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "text/subwords/load_tokenizer.h"

using namespace pipetrain;

namespace {

LanguageModel letter_model() {
  return {.config = {},
          .tokenizer = read_tokenizer(R"({"type": "char", "vocabulary": ["a", "b", "\n"]})",
                                      {"tokenizer.json"}),
          .layers = {},
          .context = 4,
          .vocabulary = 3};
}

std::string refusal(const std::string& text) {
  const TemporaryFolder at;
  try {
    read_prompts(at.write("p.jsonl", text), letter_model());
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kData);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("Prompts are read a line each, and written with what follows") {
  const TemporaryFolder at;
  const LanguageModel model = letter_model();
  const std::vector<FilePrompt> prompts = read_prompts(
      at.write("p.jsonl", "{\"id\": 7, \"prompt\": \"ab\"}\n \r\n{\"prompt\": \"\"}"), model);
  REQUIRE(prompts.size() == 2);
  CHECK(prompts[0].tokens == std::vector<std::int32_t>{0, 1});
  CHECK(prompts[1].tokens == std::vector<std::int32_t>{2});
  Sequence sequence(*model.tokenizer, {.context = 4});
  sequence.begin("ab", prompts[0].tokens, 1);
  const std::string text = sequence.add(2);
  CHECK(result_line(prompts[0], text, sequence) ==
        "{\"id\":7,\"prompt\":\"ab\",\"text\":\"\\n\",\"tokens\":1,\"stopped\":\"tokens\"}\n");
}

TEST_CASE("A broken line is named") {
  CHECK(contains(refusal("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"\n"), "p.jsonl:2: is no JSON"));
  CHECK(contains(refusal("[1]"), "p.jsonl:1: is no JSON object"));
  CHECK(contains(refusal("\n{\"text\": \"a\"}"), "p.jsonl:2: has no \"prompt\""));
  CHECK(contains(refusal("{\"prompt\": 3}"), "p.jsonl:1: its \"prompt\" is no text"));
  CHECK(contains(refusal("{\"prompt\": \"abc\"}"), "p.jsonl:1: ", "'c'"));
  CHECK(contains(refusal("\n"), "has no prompts"));
}
