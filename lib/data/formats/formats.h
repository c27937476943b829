// The formats of training data, one row each, and how data of any of them are opened. It must not
// know how a format lies in its files: its own file does.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "data/data_config.h"
#include "data/data_host.h"
#include "data/source.h"

namespace pipetrain {

// What a format's file is asked to open.
struct DataRequest {
  const DataConfig& config;
  int sequence_length = 0;
  std::uint64_t seed = 0;
  int vocabulary = 0;  // bounds the tokens; 0: as the data have it
  Warnings& warnings;
  DataHost host = {};

  int most_tokens() const;  // of a vocabulary that is made from the data; 0: all there are
};
using DataOpener = std::unique_ptr<Source>(const DataRequest& request);

// What a row of a batch is: tokens, each of which is the target of those before it; or a text or an
// image with one label.
enum class DataRows : std::uint8_t { kTokens, kTexts, kImages };

// A key of `data` that has a meaning for some formats only, perhaps with some tokenizers only.
struct DataOption {
  std::string_view key;
  std::span<const TokenizerKind> tokenizers = {};
};

struct DataFormat {
  std::string_view name;
  const char* description;
  DataRows rows;
  bool files;  // data.path names them; else the data are made by a rule
  DataOpener* open;
  std::span<const DataOption> options;
};

std::span<const DataFormat> data_formats();

// Of the configured format.
bool reads_files(const DataConfig& config);
bool gives_images(const DataConfig& config);
bool gives_labels(const DataConfig& config);  // one for each row
bool takes_option(const DataConfig& config, std::string_view key);
// Why the tokenizer is not for the format; empty if it is.
std::string problem_of_tokenizer(const DataConfig& config);
// "idx and cifar": those that do.
std::string formats_with_option(std::string_view key);

// Opens what the configuration names and checks it: Error(kData) names the file and the position.
// `vocabulary` bounds the tokens; 0 takes it from the data (synthetic tokens have none and need
// it).
std::unique_ptr<Source> open_source(const DataConfig& config, int sequence_length,
                                    std::uint64_t seed, int vocabulary = 0,
                                    const DataHost& host = {});

}  // namespace pipetrain
