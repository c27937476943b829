#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cores.h"
#include "base/log.h"
#include "base/output.h"
#include "base/progress_bar.h"
#include "base/stop_request.h"
#include "base/table.h"
#include "command.h"
#include "data/documents/corpus_file.h"
#include "data/documents/tokenize.h"
#include "data/formats/documents.h"
#include "number_option.h"
#include "replaceable.h"
#include "token_printer.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

struct TokenizeOptions {
  std::string tokenizer, output;
  PrintOptions print;
  std::vector<std::string> inputs;
  std::string field = "text", on_bad_document = "stop";
  int threads = 0;  // 0: one for each core
  bool progress = true;
};

// As data.tokenizer names it.
DataConfig named_in(const std::string& tokenizer) {
  DataConfig config{.tokenizer = TokenizerKind::kBytes};
  if (tokenizer != name_of(kTokenizers, config.tokenizer)) config.tokenizer_path = tokenizer;
  return config;
}

std::string summary_of(const TokenizeOptions& options, const TokenizedCounts& counts,
                       const Tokenizer& tokenizer) {
  return options.output + ": " + std::to_string(counts.documents) + " documents, " +
         std::to_string(counts.tokens) + " tokens of " + std::string(tokenizer.kind()) +
         " tokenizer " + tokenizer.digest() + ", vocabulary " +
         std::to_string(tokenizer.vocabulary_size()) +
         (counts.empty > 0 ? "; " + std::to_string(counts.empty) + " without text left out" : "") +
         "\n";
}

int tokenize(const TokenizeOptions& options) {
  require_replaceable("--output", options.output, "a file of tokens", [](std::string_view file) {
    return file.starts_with(
        std::string_view(CorpusHeader::kMagic.data(), CorpusHeader::kMagic.size()));
  });
  const NamedTokenizer named = named_tokenizer(named_in(options.tokenizer));
  const Tokenizer& tokenizer = *named.tokenizer;
  ProgressBar bar(options.progress);
  const TokenizeRequest request{
      .files = list_documents(options.inputs, DocumentForm::kByName),
      .field = options.field,
      .on_bad_document = find_row(kOnBadDocument, options.on_bad_document)->value,
      .threads = options.threads > 0 ? options.threads : own_cores(),
      .progress =
          [&](const TokenizeProgress& progress) {
            bar.draw(progress.bytes, progress.all_bytes, [&] { return text_of(progress); });
          },
      .stopped = [] { return stop_requested(); }};
  CorpusWriter corpus(options.output, corpus_tokens_of(tokenizer));
  const TokenizedCounts counts = tokenize_documents(request, tokenizer, corpus);
  corpus.finish("");
  bar.clear();
  const std::string skipped = skipped_text(counts);
  if (!skipped.empty()) spdlog::warn("{}", skipped);
  if (!tokenizer.end_of_text()) {
    spdlog::warn(
        "the tokenizer names no token for the end of a text; documents follow each other "
        "without one");
  }
  write_output(summary_of(options, counts, tokenizer));
  return 0;
}

void check(const TokenizeOptions& options) {
  const int ways = (options.output.empty() ? 0 : 1) + (options.print.print ? 1 : 0) +
                   (options.print.decode ? 1 : 0);
  require(!options.tokenizer.empty(), "--tokenizer PATH", "tokenize");
  if (ways != 1) {
    fail("expected one of --output, --print and --decode; see pipetrain tokenize --help");
  }
  require(!options.inputs.empty(), "INPUT, a file,", "tokenize");
}

int run(const TokenizeOptions& options) {
  if (!options.output.empty()) return tokenize(options);
  print_tokens(*named_tokenizer(named_in(options.tokenizer)).tokenizer, options.print,
               options.inputs);
  return 0;
}

}  // namespace

Command add_tokenize_command(CLI::App& command) {
  const auto options = std::make_shared<TokenizeOptions>();
  command
      .add_option("--tokenizer", options->tokenizer,
                  "a tokenizer.json, a folder with one, or byte; required")
      ->option_text("PATH");
  command.add_option("--output", options->output, "the file of tokens to make, of documents")
      ->option_text("FILE");
  command
      .add_option("--field", options->field,
                  "which field of a JSON line has the text; default: text")
      ->option_text("NAME");
  command
      .add_option("--on-bad-document", options->on_bad_document,
                  "whether a document that cannot be read ends it; default: stop")
      ->option_text("stop|skip")
      ->check(CLI::IsMember(names_of(kOnBadDocument)));
  add_print_options(command, options->print);
  add_number(command, "--threads", options->threads, "N", kOneOrMore,
             "how many threads; default: one for each core");
  command.add_flag("!--no-progress", options->progress, "no progress bar on a terminal");
  command
      .add_option("inputs", options->inputs,
                  "files (.jsonl has a document a line, others are one each; .gz and .zst are "
                  "unpacked), folders of .jsonl and .txt files, or globs; with --print and "
                  "--decode files, or - for "
                  "standard input")
      ->option_text("INPUT...");
  return {.usage = "pipetrain tokenize --tokenizer PATH --output FILE|--print|--decode INPUT...",
          .check =
              [options] {
                check(*options);
                if (!options->output.empty()) catch_stop_signals();
              },
          .run = [options] { return run(*options); }};
}

}  // namespace pipetrain
