#include "token_printer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string_view>

#include "base/error.h"
#include "base/number.h"
#include "base/output.h"

namespace pipetrain {
namespace {

constexpr std::size_t kAtOnce = std::size_t{1} << 20;  // bytes of output

std::string read_input(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ExitCode::kData, "data: " + system_reason(path));
  if (std::filesystem::is_directory(path)) {
    throw Error(ExitCode::kData, "data: " + path + ": is a directory, expected a file");
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void print_ids(const std::vector<std::int32_t>& ids) {
  std::string line;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) line += ' ';
    line += std::to_string(ids[i]);
    if (line.size() < kAtOnce) continue;
    write_output(line);
    line.clear();
  }
  write_output(line + "\n");
}

// Numbers with blanks, commas or lines' ends between them.
std::vector<std::int32_t> read_ids(const std::string& text, const std::string& path,
                                   const Tokenizer& tokenizer) {
  constexpr std::string_view kBetween = " \t\r\n,[]";
  const std::int32_t end = tokenizer.vocabulary_size();
  std::vector<std::int32_t> ids;
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string::npos;) {
    const std::size_t behind = std::min(text.find_first_of(kBetween, at), text.size());
    const std::string_view word = std::string_view(text).substr(at, behind - at);
    const auto id = parse_number<std::int32_t>(word).value_or(-1);
    if (id < 0 || id >= end) {
      constexpr std::size_t kShown = 20;
      throw Error(ExitCode::kData, "data: " + path + ": byte " + std::to_string(at) + ": found '" +
                                       std::string(word.substr(0, kShown)) +
                                       "', expected the number of a token, from 0 to " +
                                       std::to_string(end - 1));
    }
    ids.push_back(id);
    at = text.find_first_not_of(kBetween, behind);
  }
  return ids;
}

}  // namespace

void add_print_options(CLI::App& command, PrintOptions& options) {
  command.add_flag(
      "--print", options.print,
      "write the numbers of the tokens of each INPUT on standard output, one line each");
  command.add_flag("--decode", options.decode,
                   "the other way round: each INPUT has numbers of tokens; write their text");
  command.add_flag("--special", options.special,
                   "also print the special tokens that begin and end a text; with --decode, show "
                   "special tokens");
}

void print_tokens(const Tokenizer& tokenizer, const PrintOptions& options,
                  const std::vector<std::string>& files) {
  const SpecialTokens special = options.special ? SpecialTokens::kAround : SpecialTokens::kNone;
  for (const std::string& path : files) {
    const std::string text = read_input(path);
    if (options.decode) {
      write_output(tokenizer.decode(read_ids(text, path, tokenizer), special));
      continue;
    }
    try {
      print_ids(tokenizer.encode(text, special));
    } catch (const Error& error) {  // what the tokenizer does not know
      throw Error(ExitCode::kData, "data: " + path + ": " + error.what());
    }
  }
}

}  // namespace pipetrain
