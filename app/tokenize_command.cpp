#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "command.h"
#include "text/subwords/load_tokenizer.h"
#include "token_printer.h"

namespace pipetrain {
namespace {

struct TokenizeOptions {
  std::string tokenizer;
  PrintOptions print;
  std::vector<std::string> inputs;
};

void require(bool given, const std::string& what) {
  if (given) return;
  throw Error(ExitCode::kConfiguration, what + "; see pipetrain tokenize --help");
}

void check(const TokenizeOptions& options) {
  require(!options.tokenizer.empty(), "--tokenizer PATH is missing");
  require(options.print.print != options.print.decode, "expected one of --print and --decode");
  require(!options.inputs.empty(), "INPUT, a file, is missing");
}

}  // namespace

Command add_tokenize_command(CLI::App& command) {
  const auto options = std::make_shared<TokenizeOptions>();
  command
      .add_option("--tokenizer", options->tokenizer,
                  "a tokenizer.json, or a folder that has one; required")
      ->option_text("PATH");
  add_print_options(command, options->print);
  command.add_option("inputs", options->inputs, "files; - is standard input")
      ->option_text("INPUT...");
  return {.usage = "pipetrain tokenize --tokenizer PATH --print|--decode INPUT...",
          .check = [options] { check(*options); },
          .run =
              [options] {
                print_tokens(*load_tokenizer(options->tokenizer), options->print, options->inputs);
                return 0;
              }};
}

}  // namespace pipetrain
