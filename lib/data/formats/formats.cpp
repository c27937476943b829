#include "data/formats/formats.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "data/mixed_source.h"

namespace pipetrain {

// Each is in the file of its format.
DataOpener open_text, open_documents, open_jsonl, open_tokens, open_csv, open_idx, open_cifar,
    open_synthetic;

namespace {

constexpr TokenizerKind kOfWords[] = {TokenizerKind::kWords},
                        kOfUnits[] = {TokenizerKind::kCharacters, TokenizerKind::kWords};
constexpr DataOption kText[] = {{"vocabulary", kOfWords},
                                {"on_bad_document"},
                                {"cache"},
                                {"documents"},
                                {"windows"},
                                {"mixture"}},
                     kDocuments[] = {{"field"},     {"on_bad_document"}, {"cache"},
                                     {"documents"}, {"windows"},         {"mixture"}},
                     kTokens[] = {{"token_type"}, {"documents"}, {"windows"}, {"mixture"}},
                     kCsv[] = {{"vocabulary", kOfUnits}, {"classes"}, {"documents"}},
                     kIdx[] = {{"classes"}, {"mean"}, {"std"}, {"pad"}, {"crop"}, {"flip"}},
                     kCifar[] = {{"mean"}, {"std"}, {"pad"}, {"crop"}, {"flip"}},
                     kSynthetic[] = {{"classes"}, {"image"}};

// clang-format off
constexpr DataFormat kFormats[] = {
    {"text", "Text files as characters, bytes or words.",
     DataRows::kTokens, true, open_text, kText},
    {"documents", "Folders and files of documents: a text each, or JSON lines (.jsonl).",
     DataRows::kTokens, true, open_documents, kDocuments},
    {"jsonl", "Files of JSON lines, a document each.",
     DataRows::kTokens, true, open_jsonl, kDocuments},
    {"tokens", "Token files of `pipetrain tokenize`, llm.c or nanoGPT.",
     DataRows::kTokens, true, open_tokens, kTokens},
    {"csv", "Comma-separated files of a label and a text a line.",
     DataRows::kTexts, true, open_csv, kCsv},
    {"idx", "Pairs of idx files, of images and of their labels.",
     DataRows::kImages, true, open_idx, kIdx},
    {"cifar", "CIFAR's binary batches of labelled images.",
     DataRows::kImages, true, open_cifar, kCifar},
    {"synthetic", "Tokens, texts or images made by a rule, without files.",
     DataRows::kTokens, false, open_synthetic, kSynthetic},
};
// clang-format on

const DataFormat& format_of(const DataConfig& config) {
  const DataFormat* format = find_row(data_formats(), config.format);
  if (format != nullptr) return *format;
  throw Error(ExitCode::kConfiguration, "data.format '" + config.format +
                                            "' is unknown; expected one of " +
                                            join(names_of(data_formats())));
}

const DataOption* find_option(const DataFormat& format, std::string_view key) {
  const auto found = std::ranges::find(format.options, key, &DataOption::key);
  return found == format.options.end() ? nullptr : &*found;
}

}  // namespace

std::span<const DataFormat> data_formats() { return kFormats; }

int DataRequest::most_tokens() const {
  return config.vocabulary > 0 && vocabulary > 0 ? std::min(config.vocabulary, vocabulary)
                                                 : std::max(config.vocabulary, vocabulary);
}

bool reads_files(const DataConfig& config) { return format_of(config).files; }

bool gives_images(const DataConfig& config) {
  return format_of(config).rows == DataRows::kImages || !config.image.empty();
}

bool gives_labels(const DataConfig& config) {
  return format_of(config).rows != DataRows::kTokens || gives_images(config) || config.classes > 0;
}

bool takes_option(const DataConfig& config, std::string_view key) {
  const DataOption* option = find_option(format_of(config), key);
  if (option == nullptr || option->tokenizers.empty()) return option != nullptr;
  if (!config.tokenizer_path.empty()) return false;
  return std::ranges::find(option->tokenizers, config.tokenizer) != option->tokenizers.end();
}

std::string problem_of_tokenizer(const DataConfig& config) {
  const DataFormat& format = format_of(config);
  const bool path = !config.tokenizer_path.empty();
  if (format.open == open_documents || format.open == open_jsonl) {
    if (path || config.tokenizer == TokenizerKind::kBytes) return {};
    return "is " + name_of(kTokenizers, config.tokenizer) + ", whose vocabulary a format " +
           config.format + " does not make; expected byte, a tokenizer.json or a folder with one";
  }
  const bool takes_path =
      format.open == open_text || format.open == open_tokens || format.open == open_csv;
  if (!path || takes_path) return {};
  return "is the path " + config.tokenizer_path + ", which is for text, documents, jsonl, tokens " +
         "and csv; data.format is " + config.format;
}

std::string formats_with_option(std::string_view key) {
  std::vector<std::string> names;
  for (const DataFormat& format : data_formats()) {
    const DataOption* option = find_option(format, key);
    if (option == nullptr) continue;
    names.emplace_back(format.name);
    std::vector<std::string> tokenizers;
    for (const TokenizerKind kind : option->tokenizers) {
      tokenizers.push_back(name_of(kTokenizers, kind));
    }
    if (!tokenizers.empty()) names.back() += " with tokenizer " + join(tokenizers, " or ");
  }
  return listed(names);
}

namespace {

// One source of each part, each opened as if it were all there is.
std::unique_ptr<Source> open_mixture(const DataRequest& request) {
  std::vector<WeightedSource> parts;
  for (const MixturePart& part : request.config.mixture) {
    DataConfig config = request.config;
    config.mixture.clear();
    config.path = {part.path};
    if (config.validates_files() && !parts.empty()) {  // they are of the first source
      config.validation = Validation::kLast;
      config.validation_fraction = 0;
    }
    DataRequest asked{config,           request.sequence_length,
                      request.seed,     request.vocabulary,
                      request.warnings, request.host};
    parts.push_back({format_of(config).open(asked), part.weight});
  }
  return std::make_unique<MixedSource>(std::move(parts), request.seed);
}

}  // namespace

std::unique_ptr<Source> open_source(const DataConfig& config, int sequence_length,
                                    std::uint64_t seed, int vocabulary, const DataHost& host) {
  Warnings warnings;
  const DataRequest request{config, sequence_length, seed, vocabulary, warnings, host};
  std::unique_ptr<Source> source =
      config.mixture.empty() ? format_of(config).open(request) : open_mixture(request);
  source->set_warnings(std::move(warnings));
  return source;
}

}  // namespace pipetrain
