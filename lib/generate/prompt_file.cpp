#include "generate/prompt_file.h"

#include <fstream>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json_text.h"
#include "generate/prompt.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPrompt = "prompt";

FilePrompt read_line(const std::string& line, const PromptPlace& place,
                     const LanguageModel& model) {
  const auto refuse = [&](const std::string& what) {
    throw Error(place.code,
                place.text + ": " + what + "; expected a line such as {\"prompt\": \"Once upon\"}");
  };
  FilePrompt prompt;
  prompt.object = parsed_json<Json>(line);
  if (prompt.object.is_discarded()) refuse(json_fault(line, "is no JSON"));
  if (!prompt.object.is_object()) refuse("is no JSON object");
  const auto text = prompt.object.find(kPrompt);
  if (text == prompt.object.end()) refuse("has no \"prompt\"");
  if (!text->is_string()) refuse("its \"prompt\" is no text");
  prompt.text = *text;
  prompt.tokens = prompt_tokens(model, prompt.text, place);
  return prompt;
}

}  // namespace

std::vector<FilePrompt> read_prompts(const std::string& path, const LanguageModel& model) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ExitCode::kData, "--prompts: " + system_reason(path));
  std::vector<FilePrompt> prompts;
  std::string line;
  for (std::int64_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    prompts.push_back(
        read_line(line, {path + ":" + std::to_string(number), ExitCode::kData}, model));
  }
  if (file.bad()) throw Error(ExitCode::kData, "--prompts: " + system_reason(path));
  if (prompts.empty()) throw Error(ExitCode::kData, "--prompts: " + path + " has no prompts");
  return prompts;
}

std::string result_line(const FilePrompt& prompt, const std::string& text,
                        const Sequence& sequence) {
  Json object = prompt.object;
  object["text"] = text;
  object["tokens"] = sequence.made();
  object["stopped"] = name_of(sequence.end());
  return object.dump() + "\n";
}

}  // namespace pipetrain
