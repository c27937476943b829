#include "generate/chat_format.h"

#include <cstddef>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"

namespace pipetrain {
namespace {

constexpr ChatFormat kFormats[] = {
    {.name = "chatml",
     .meaning = "`<|im_start|>user` ... `<|im_end|>`: SmolLM2, Qwen.",
     .start = "",
     .before_role = "<|im_start|>",
     .behind_role = "\n",
     .system = "system",
     .user = "user",
     .assistant = "assistant",
     .end = "<|im_end|>",
     .behind_end = "\n",
     .trims = false,
     .stop = nullptr,
     .no_default = nullptr},
    {.name = "llama3",
     .meaning = "`<|start_header_id|>user<|end_header_id|>` ... `<|eot_id|>`: Llama 3.",
     .start = "<|begin_of_text|>",
     .before_role = "<|start_header_id|>",
     .behind_role = "<|end_header_id|>\n\n",
     .system = "system",
     .user = "user",
     .assistant = "assistant",
     .end = "<|eot_id|>",
     .behind_end = "",
     .trims = true,
     .stop = nullptr,
     .no_default = "Cutting Knowledge Date"},
    {.name = "gemma",
     .meaning = "`<start_of_turn>user` ... `<end_of_turn>`: Gemma 1 and 2.",
     .start = "<bos>",
     .before_role = "<start_of_turn>",
     .behind_role = "\n",
     .system = nullptr,
     .user = "user",
     .assistant = "model",
     .end = "<end_of_turn>",
     .behind_end = "\n",
     .trims = true,
     .stop = nullptr,
     .no_default = nullptr},
    {.name = "plain",
     .meaning = "`User: ` ..., `Assistant: ` ..., a line each: models without such tokens.",
     .start = "",
     .before_role = "",
     .behind_role = ":",
     .system = "System",
     .user = "User",
     .assistant = "Assistant",
     .end = "",
     .behind_end = "\n",
     .trims = true,
     .stop = "\n",
     .no_default = nullptr},
};

bool has(std::string_view text, const char* part) {
  return text.find(part) != std::string_view::npos;
}

std::string escaped(std::string_view text) {
  std::string written;
  for (const char c : text) written += c == '\n' ? std::string("\\n") : std::string(1, c);
  return written;
}

// A template may begin with a system message of its own: chatml's stand in one literal,
// '<|im_start|>system\nYou are ...<|im_end|>\n', with line ends as such or as escapes.
std::string default_system(const ChatFormat& format, std::string_view own_template) {
  if (format.system == nullptr || *format.end == 0) return {};
  const std::string plain = std::string(format.before_role) + format.system + format.behind_role;
  for (const std::string& begin : {plain, escaped(plain)}) {
    for (std::size_t at = own_template.find(begin); at != std::string_view::npos;
         at = own_template.find(begin, at + 1)) {
      const std::string_view rest = own_template.substr(at + begin.size());
      const std::string_view literal = rest.substr(0, rest.find(format.end));
      if (literal.size() < rest.size() &&
          literal.find_first_of("'\"{}\\") == std::string_view::npos) {
        return std::string(literal);
      }
    }
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

std::string chat_format_names() { return join(names_of(kFormats)); }

ChosenFormat choose_chat_format(std::string_view own_template, const std::string& told) {
  const auto refuse = [](const std::string& what) { throw Error(ExitCode::kConfiguration, what); };
  if (!told.empty()) {
    const ChatFormat* const format = find_row(kFormats, told);
    if (format == nullptr) {
      refuse("--chat-template: found '" + told + "'; expected one of " + chat_format_names());
    }
    return {format, default_system(*format, own_template)};
  }
  if (own_template.empty()) {
    refuse("--chat: the model has no chat template; name one with --chat-template: " +
           chat_format_names());
  }
  for (const ChatFormat& format : kFormats) {
    if (*format.end == 0 || !has(own_template, format.before_role) ||
        !has(own_template, format.end) ||
        (format.no_default != nullptr && has(own_template, format.no_default))) {
      continue;
    }
    return {&format, default_system(format, own_template)};
  }
  refuse("--chat: the model's chat template is none of " + chat_format_names() +
         "; name the one that comes nearest with --chat-template");
  return {};
}

std::string Conversation::message(const char* role, std::string_view content) const {
  const std::string_view kept = format_.trims ? trimmed(content) : content;
  const char* const blank = format_.stop == nullptr ? "" : " ";
  return std::string(format_.before_role) + role + format_.behind_role + blank + std::string(kept) +
         format_.end + format_.behind_end;
}

std::string Conversation::next(std::string_view message, bool ended) {
  std::string text;
  if (!begun_) {
    text = format_.start;
    if (!system_.empty()) text += this->message(format_.system, system_);
  } else if (format_.stop == nullptr) {
    text = (ended ? "" : format_.end) + std::string(format_.behind_end);
  } else if (!ended) {
    text = format_.behind_end;
  }
  begun_ = true;
  text += this->message(format_.user, message);
  return text + format_.before_role + format_.assistant + format_.behind_role;
}

}  // namespace pipetrain
