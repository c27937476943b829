// `pipetrain tokenize --print` and `--decode`: the numbers of a text's tokens on standard output,
// and the text of numbers. It must not know how tokens are made.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace pipetrain {

struct PrintOptions {
  bool print = false, decode = false, special = false;
};

void add_print_options(CLI::App& command, PrintOptions& options);

// Of each file, or of standard input for "-". Error(kData) for a file that cannot be read or has no
// numbers to decode.
void print_tokens(const Tokenizer& tokenizer, const PrintOptions& options,
                  const std::vector<std::string>& files);

}  // namespace pipetrain
