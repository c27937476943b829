// Texts with a label, from comma-separated files: the label first, then columns of text, which are
// joined by a space. It must not know which rows a step takes. Tokens are words, characters or
// bytes, or those of a tokenizer.json with what that puts around a text; a text is cut, or filled
// up, to the sequence length: with token 0, or where texts are kept apart from that with kFilling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/data_files.h"
#include "data/formats/formats.h"
#include "data/sample_split.h"
#include "data/samples.h"

namespace pipetrain {

class CsvSamples : public Samples {
 public:
  // Labels are 0 to K-1, or 1 to K if none is 0; with config.classes, K, one must then be K, else K
  // follows from the largest. The vocabulary is that of the
  // samples that train, at most request.most_tokens() (0: all there are) with <padding> and
  // <unknown>. Error(kData) names file and line.
  explicit CsvSamples(const DataRequest& request);

  const SampleSplit& split() const { return *split_; }
  std::int64_t size() const override { return static_cast<std::int64_t>(labels_.size()); }
  Shape row() const override { return {length_}; }
  DType dtype() const override { return DType::kInt32; }
  int vocabulary() const override { return vocabulary_; }
  int classes() const override { return classes_; }
  std::string description() const override;
  nlohmann::json tokenizer() const override { return tokenizer_; }
  std::int32_t read(std::int64_t sample, const RandomWords* variation, void* row) const override;

 private:
  struct Text {
    std::string text;
    std::int32_t label;
    std::size_t file;
    std::int64_t line;
  };

  std::vector<Text> read_files(const DataFiles& opened);
  void take_labels(const std::vector<Text>& texts, int classes);
  void take_units(const std::vector<Text>& texts, bool words, int limit);
  void take_bytes(const std::vector<Text>& texts);
  void take_tokens(const std::vector<Text>& texts, const std::string& tokenizer_path);

  std::vector<std::string> files_;
  std::string kind_;  // of tokens
  std::int32_t filling_;
  std::int64_t length_, of_path_ = 0;
  std::optional<SampleSplit> split_;  // once the samples are counted
  int vocabulary_ = 0, classes_ = 0, first_label_ = 0;
  nlohmann::json tokenizer_;
  std::vector<std::int32_t> labels_;  // (samples)
  std::vector<std::int32_t> tokens_;  // (samples, T)
};

}  // namespace pipetrain
