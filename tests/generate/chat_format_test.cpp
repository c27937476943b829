#include "generate/chat_format.h"

#include <string>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

// The text of two messages with the reply "R" between; `ended`: it has its end already.
std::string text_of(const std::string& name, const std::string& system, bool ended) {
  Conversation conversation(*choose_chat_format("", name).format, system);
  const std::string first = conversation.next(" one ", false);
  return first + "R" + conversation.next("two", ended);
}

// As SmolLM2's and Qwen's begin.
const std::string kChatMl =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are S.<|im_end|>\\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>'}}{% endfor %}";

}  // namespace

TEST_CASE("Each format puts messages together as its models know them") {
  CHECK(text_of("chatml", "S", true) ==
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n one <|im_end|>\n"
        "<|im_start|>assistant\nR\n<|im_start|>user\ntwo<|im_end|>\n<|im_start|>assistant\n");
  CHECK(text_of("chatml", "", false) ==
        "<|im_start|>user\n one <|im_end|>\n<|im_start|>assistant\nR<|im_end|>\n"
        "<|im_start|>user\ntwo<|im_end|>\n<|im_start|>assistant\n");
  CHECK(text_of("llama3", "S", true) ==
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\none<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nR"
        "<|start_header_id|>user<|end_header_id|>\n\ntwo<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n");
  CHECK(text_of("gemma", "", false) ==
        "<bos><start_of_turn>user\none<end_of_turn>\n<start_of_turn>model\nR<end_of_turn>\n"
        "<start_of_turn>user\ntwo<end_of_turn>\n<start_of_turn>model\n");
  CHECK(text_of("plain", "S", true) == "System: S\nUser: one\nAssistant:RUser: two\nAssistant:");
  CHECK(text_of("plain", "", false) == "User: one\nAssistant:R\nUser: two\nAssistant:");
}

TEST_CASE("A model's template is known by its marks, with the system message that it begins with") {
  const ChosenFormat chatml = choose_chat_format(kChatMl, "");
  CHECK(chatml.format->name == "chatml");
  CHECK(chatml.system == "You are S.");
  CHECK(choose_chat_format(kChatMl, "plain").system.empty());
  const std::string lines = "'<|im_start|>system\nYou are T.<|im_end|>\n'";
  CHECK(choose_chat_format(lines, "").system == "You are T.");
  const std::string none = "{{ '<|im_start|>system\\n' }}{{ '<|im_end|>\\n' }}";
  CHECK(choose_chat_format(none, "").system.empty());
  CHECK(choose_chat_format("'<|start_header_id|>' '<|eot_id|>'", "").format->name == "llama3");
  CHECK(choose_chat_format("'<start_of_turn>' '<end_of_turn>'", "").format->name == "gemma");
}

TEST_CASE("Templates and names that are none of them are refused") {
  for (const char* own : {"", "[INST] {{ content }} [/INST]",
                          "'<|start_header_id|>' '<|eot_id|>' Cutting Knowledge Date"}) {
    CHECK_THROWS_AS(choose_chat_format(own, ""), Error);
  }
  CHECK_THROWS_AS(choose_chat_format(kChatMl, "alpaca"), Error);
  CHECK(choose_chat_format("[INST]", "llama3").format->name == "llama3");
}
