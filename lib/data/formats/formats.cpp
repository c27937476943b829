#include "data/formats/formats.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"

namespace pipetrain {

// Each is in the file of its format.
DataOpener open_text, open_tokens, open_csv, open_idx, open_cifar, open_synthetic;

namespace {

constexpr TokenizerKind kOfWords[] = {TokenizerKind::kWords},
                        kOfUnits[] = {TokenizerKind::kCharacters, TokenizerKind::kWords};
constexpr DataOption kText[] = {{"vocabulary", kOfWords}}, kTokens[] = {{"token_type"}},
                     kCsv[] = {{"vocabulary", kOfUnits}, {"classes"}},
                     kIdx[] = {{"classes"}, {"mean"}, {"std"}, {"pad"}, {"crop"}, {"flip"}},
                     kCifar[] = {{"mean"}, {"std"}, {"pad"}, {"crop"}, {"flip"}},
                     kSynthetic[] = {{"classes"}, {"image"}};

// clang-format off
constexpr DataFormat kFormats[] = {
    {"text", "Text files as characters, bytes or words.",
     DataRows::kTokens, true, open_text, kText},
    {"tokens", "Token files of llm.c or nanoGPT.",
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
  return std::ranges::find(option->tokenizers, config.tokenizer) != option->tokenizers.end();
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

std::unique_ptr<Source> open_source(const DataConfig& config, int sequence_length,
                                    std::uint64_t seed, int vocabulary) {
  Warnings warnings;
  std::unique_ptr<Source> source =
      format_of(config).open({config, sequence_length, seed, vocabulary, warnings});
  source->set_warnings(std::move(warnings));
  return source;
}

}  // namespace pipetrain
