#include "text/subwords/load_tokenizer.h"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

json golden(const std::string& name) {
  return json::parse(std::ifstream(PIPETRAIN_GOLDEN "/tokenizers/" + name));
}

std::unique_ptr<Tokenizer> made_of(const json& file, const std::string& config = "") {
  if (config.empty()) return make_tokenizer(file, {"tokenizer.json"});
  return read_tokenizer(file.dump(), {"tokenizer.json"}, 0, config);
}

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
  for (const std::string text :
       {"", "[]", R"({"type": 3})", R"({"type": "char"})", R"({"type": "char", "vocabulary": []})",
        R"({"type": "char", "vocabulary": [300]})", R"({"type": "word", "vocabulary": [["a"]]})",
        R"({"type": "word", "vocabulary": ["a"], "unknown": 7})"}) {
    INFO(text);
    CHECK(contains(refusal_of(text, ExitCode::kCheckpoint), "checkpoint: tokenizer.json: "));
    CHECK(contains(refusal_of(text, ExitCode::kData), "tokenizer: tokenizer.json: "));
  }
}

TEST_CASE("A tokenizer_config.json says what begins and ends a text, else their usual names do") {
  const json llama = golden("llama2.json");
  CHECK(made_of(llama)->beginning_of_text() == 1);
  CHECK(made_of(llama)->end_of_text() == 2);
  CHECK(made_of(llama)->start_token() == 1);
  CHECK(made_of(llama, R"({"eos_token": {"content": "<unk>"}})")->end_of_text() == 0);
  CHECK(made_of(llama, R"({"eos_token": "<s>", "bos_token": null})")->end_of_text() == 1);
  CHECK_FALSE(made_of(llama, R"({"bos_token": null})")->beginning_of_text());
  CHECK(made_of(golden("gpt2.json"))->start_token() == 0);
}

TEST_CASE("A folder's chat template goes with its tokenizer") {
  const auto kept = [](const std::string& config, const std::string& jinja) {
    const TemporaryFolder at;
    at.write("tokenizer.json", golden("llama2.json").dump());
    if (!config.empty()) at.write("tokenizer_config.json", config);
    if (!jinja.empty()) at.write("chat_template.jinja", jinja);
    const json file = load_tokenizer_file(at.path("tokenizer.json"));
    const LoadedTokenizer both = load_tokenizer(at.path("tokenizer.json"));
    CHECK(both.file == file);
    CHECK(both.tokenizer->digest() == made_of(golden("llama2.json"))->digest());
    const KeptTokenizer read = read_kept_tokenizer(file.dump(), {"tokenizer.json"});
    CHECK(read.tokenizer->digest() == made_of(golden("llama2.json"))->digest());
    return read.chat_template;
  };
  CHECK(kept("", "").empty());
  CHECK(kept(R"({"eos_token": "</s>"})", "").empty());
  CHECK(kept(R"({"chat_template": "one"})", "") == "one");
  CHECK(kept(R"({"chat_template": "one"})", "two") == "two");
  CHECK(kept("", "two") == "two");
  CHECK(kept(R"({"chat_template": [{"name": "tool_use", "template": "t"},
                                   {"name": "default", "template": "d"}]})",
             "") == "d");
  CHECK(read_kept_tokenizer(R"({"type": "byte"})", {"tokenizer.json"}).chat_template.empty());
  CHECK_THROWS_AS(read_kept_tokenizer("[]", {"tokenizer.json"}), Error);
}

TEST_CASE("A digest follows from what ids depend on") {
  const json file = golden("smollm.json");
  json newer = file;
  for (json& merge : newer["model"]["merges"]) {
    const std::string both = merge;
    const std::size_t blank = both.find(' ');
    merge = json::array({both.substr(0, blank), both.substr(blank + 1)});
  }
  newer["decoder"] = nullptr;
  CHECK(made_of(newer)->digest() == made_of(file)->digest());
  CHECK(made_of(file)->digest().size() == 16);
  newer["model"]["merges"].erase(5);
  CHECK(made_of(newer)->digest() != made_of(file)->digest());
  CHECK(made_of(golden("gpt2.json"))->digest() != made_of(golden("qwen.json"))->digest());
}

TEST_CASE("A file cannot make a text longer without end, nor hide parts in parts") {
  const json grows = {
      {"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(1000, 'a')}};
  json file = golden("bert.json");
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", json::array({grows, grows, grows})}};
  CHECK_THROWS_AS(made_of(file)->encode("banana"), Error);
  file = golden("bert.json");
  file["decoder"] = {{"type", "Sequence"}, {"decoders", json::array({grows, grows, grows})}};
  const auto tokenizer = made_of(file);
  CHECK_THROWS_AS(tokenizer->decode(tokenizer->encode("banana"), SpecialTokens::kNone), Error);
  for (int i = 0; i < 20; ++i) {
    file["decoder"] = {{"type", "Sequence"}, {"decoders", json::array({file["decoder"]})}};
  }
  CHECK_THROWS_AS(made_of(file), Error);
}

TEST_CASE("What nobody asks for cannot be nested without end either") {
  const std::string file = golden("gpt2.json").dump();
  const auto with_padding = [&](std::size_t depth) {
    const std::string padding = std::string(depth, '[') + std::string(depth, ']');
    return "{\"padding\": " + padding + ", \"model\": " + golden("gpt2.json")["model"].dump() + "}";
  };
  CHECK_NOTHROW(read_tokenizer(with_padding(50), {"test"}));
  CHECK_THROWS_WITH(read_tokenizer(with_padding(300000), {"test"}),
                    ContainsSubstring("parts in parts, more than 100 deep"));
  const std::string config = "{\"eos_token\": " + std::string(300000, '[');
  CHECK_THROWS_WITH(read_tokenizer(file, {"test"}, 0, config),
                    ContainsSubstring("tokenizer_config.json beside it has parts in parts"));
  CHECK_NOTHROW(
      read_tokenizer(file, {"test"}, 0, "{\"x\": \"" + std::string(300, '[') + "\\\"\"}"));
}

TEST_CASE("A word of as many characters as WordPiece takes is known, a longer one is not") {
  json file = golden("bert.json");
  file["model"]["max_input_chars_per_word"] = 3;
  const std::int32_t unknown = file["model"]["vocab"]["[UNK]"];
  const auto tokenizer = made_of(file);
  CHECK(tokenizer->encode("the").front() != unknown);
  CHECK(tokenizer->encode("thee") == std::vector<std::int32_t>{unknown});
}

TEST_CASE("A tokenizer_config.json that is cut short is refused, as what it says is not guessed") {
  const std::string file = golden("gpt2.json").dump();
  for (const char* config : {"{\"eos_token\": \"<|endoft", "[]", "\"eos\""}) {
    CHECK_THROWS_WITH(read_tokenizer(file, {"test"}, 0, config),
                      ContainsSubstring("tokenizer_config.json beside it is no JSON object"));
  }
}

TEST_CASE("Threads may encode at once") {
  const auto tokenizer = made_of(golden("llama3.json"));
  const std::string text = golden("bert.json").dump();
  const auto expected = tokenizer->encode(text);
  std::vector<std::vector<std::int32_t>> found(4);
  std::vector<std::thread> threads;
  for (auto& ids : found) threads.emplace_back([&] { ids = tokenizer->encode(text); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& ids : found) CHECK(ids == expected);
}
