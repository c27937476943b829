// A tokenizer from its file: a checkpoint's description of characters, bytes or words, or a
// tokenizer.json as the library `tokenizers` writes it. It must not know models.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/tokenizer.h"

namespace pipetrain {

// Where a file's text is from, for messages, and how the program ends if it is of no use: kData for
// a file that somebody names, kCheckpoint for one in a checkpoint.
struct TokenizerPlace {
  std::string path;
  ExitCode code = ExitCode::kData;
};

// Whether this is a tokenizer.json of the library, and not a description of ours.
template <class Json>
bool is_of_others(const Json& tokenizer) {
  return tokenizer.is_object() && tokenizer.contains("model");
}

// In checkpoints, a tokenizer.json has under this name what its tokenizer_config.json says of the
// tokens that begin and end a text, and how messages become one.
constexpr const char* kEndsOfText = "tokenizer_config";
constexpr const char* kChatTemplate = "chat_template";

// From the text of a tokenizer.json. `vocabulary` is the model's, for tokens that have no text;
// nobody else needs it. `config` is the text of a tokenizer_config.json that says which tokens
// begin and end a text. An Error of the place's code names what is wrong or not supported.
std::unique_ptr<Tokenizer> read_tokenizer(std::string_view json, const TokenizerPlace& place,
                                          std::int64_t vocabulary = 0,
                                          std::string_view config = {});
// The same of a file that was parsed before, as load_tokenizer_file() and checkpoints have it.
std::unique_ptr<Tokenizer> make_tokenizer(nlohmann::json file, const TokenizerPlace& place,
                                          std::int64_t vocabulary = 0);

// A tokenizer.json, or that of a folder, as checkpoints keep it: with what a tokenizer_config.json
// beside it says of the tokens that begin and end a text, and with the chat template of that file,
// or of a chat_template.jinja beside it.
nlohmann::json load_tokenizer_file(const std::string& path);
// With the tokenizer that it describes; the file is read once.
struct LoadedTokenizer {
  nlohmann::json file;
  std::unique_ptr<Tokenizer> tokenizer;
};
LoadedTokenizer load_tokenizer(const std::string& path);
// That of a checkpoint's tokenizer.json, and its chat template, empty if it has none; parsed once.
struct KeptTokenizer {
  std::unique_ptr<Tokenizer> tokenizer;
  std::string chat_template;
};
KeptTokenizer read_kept_tokenizer(std::string_view json, const TokenizerPlace& place,
                                  std::int64_t vocabulary = 0);

}  // namespace pipetrain
