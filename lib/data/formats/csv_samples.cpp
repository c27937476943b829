#include "data/formats/csv_samples.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/number.h"
#include "data/formats/csv_records.h"
#include "data/formats/formats.h"
#include "data/sample_source.h"
#include "text/subwords/load_tokenizer.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

namespace pipetrain {
namespace {

constexpr std::int32_t kLargestLabel = 65535;  // a typing error should not take all memory

std::int32_t parse_label(const CsvRecords& records, const std::string& field) {
  const std::int32_t label = parse_number<std::int32_t>(field).value_or(-1);
  if (label < 0 || label > kLargestLabel) {
    records.fail("column 1, the label, is '" + field.substr(0, 40) +
                 "', expected a whole number from 0 to " + std::to_string(kLargestLabel) +
                 (records.line() == 1 ? "; take out a line of headings" : ""));
  }
  return label;
}

}  // namespace

CsvSamples::CsvSamples(const DataRequest& request)
    : kind_(name_of(kTokenizers, request.config.tokenizer)),
      filling_(request.config.separate() ? kFilling : 0),
      length_(request.sequence_length) {
  const DataConfig& config = request.config;
  const DataFiles opened = open_files(config);
  warn_of_same_content(contents_of(opened.files), request.warnings);
  const std::vector<Text> texts = read_files(opened);
  const std::string& name = files_.front();
  split_ =
      split_samples(config, static_cast<std::int64_t>(texts.size()), of_path_, request.seed, name);
  take_labels(texts, config.classes);
  warn_of_missing_classes(
      *split_, classes_, [&](std::int64_t i) { return labels_[static_cast<std::size_t>(i)]; },
      first_label_, config.random(), name, request.warnings);
  tokens_.resize(texts.size() * static_cast<std::size_t>(length_), filling_);
  if (!config.tokenizer_path.empty()) {
    take_tokens(texts, config.tokenizer_path);
  } else if (config.tokenizer == TokenizerKind::kBytes) {
    take_bytes(texts);
  } else {
    take_units(texts, config.tokenizer == TokenizerKind::kWords, request.most_tokens());
  }
}

std::vector<CsvSamples::Text> CsvSamples::read_files(const DataFiles& opened) {
  std::vector<Text> texts;
  std::vector<std::string> fields;
  std::size_t columns = 0;
  for (const DataFile& file : opened.files) {
    CsvRecords records(file);
    while (records.next(fields)) {
      if (columns == 0) columns = std::max<std::size_t>(fields.size(), 2);
      if (fields.size() != columns) {
        records.fail("has " + std::to_string(fields.size()) + " columns, expected " +
                     std::to_string(columns) +
                     (texts.empty() ? " or more: a label and text" : ", as in the first record"));
      }
      Text& text = texts.emplace_back();
      text.label = parse_label(records, fields[0]);
      text.file = files_.size();
      text.line = records.line();
      for (std::size_t i = 1; i < fields.size(); ++i) text.text += (i > 1 ? " " : "") + fields[i];
    }
    files_.push_back(file.path());
    if (files_.size() == opened.training) of_path_ = static_cast<std::int64_t>(texts.size());
  }
  return texts;
}

void CsvSamples::take_labels(const std::vector<Text>& texts, int classes) {
  const auto [smallest, largest] = std::ranges::minmax(texts, {}, &Text::label);
  const bool from_one = smallest.label > 0 && (classes == 0 || largest.label >= classes);
  const std::int32_t first = first_label_ = from_one ? 1 : 0;
  classes_ = classes > 0 ? classes : largest.label - first + 1;
  for (const Text& text : texts) {
    if (text.label - first >= classes_) {
      throw Error(ExitCode::kData,
                  "data: " + files_[text.file] + ": line " + std::to_string(text.line) +
                      ": label " + std::to_string(text.label) + ", expected " +
                      std::to_string(first) + " to " + std::to_string(classes_ - 1 + first) +
                      " (data.classes is " + std::to_string(classes_) + ")");
    }
    labels_.push_back(text.label - first);
  }
}

void CsvSamples::take_units(const std::vector<Text>& texts, bool words, int limit) {
  const TextUnit kind = words ? TextUnit::kWord : TextUnit::kCharacter;
  Vocabulary vocabulary({"<padding>", "<unknown>"});
  std::string unit;
  for (std::int64_t i = 0; i < split_->training(); ++i) {
    const auto sample = static_cast<std::size_t>(split_->at(i));
    const auto text = std::as_bytes(std::span(texts[sample].text));
    for (std::size_t at = 0; next_unit(kind, text, at, unit);) vocabulary.count(unit);
  }
  vocabulary.settle(limit);
  std::int32_t* row = tokens_.data();
  for (const Text& sample : texts) {
    const auto text = std::as_bytes(std::span(sample.text));
    std::size_t at = 0;
    for (std::int64_t t = 0; t < length_ && next_unit(kind, text, at, unit); ++t) {
      row[t] = vocabulary.token_of(unit);
    }
    row += length_;
  }
  vocabulary_ = vocabulary.size();
  tokenizer_ = {{"type", kind_},
                {"vocabulary", vocabulary.entries()},
                {"padding", 0},
                {"unknown", vocabulary.unknown()}};
}

void CsvSamples::take_bytes(const std::vector<Text>& texts) {
  std::int32_t* row = tokens_.data();
  for (const Text& sample : texts) {
    const auto count = std::min(static_cast<std::size_t>(length_), sample.text.size());
    for (std::size_t t = 0; t < count; ++t) row[t] = static_cast<unsigned char>(sample.text[t]) + 1;
    row += length_;
  }
  vocabulary_ = 257;
  tokenizer_ = {{"type", kind_}, {"padding", 0}, {"first_byte", 1}};
}

namespace {

// The ids that a tokenizer puts before and behind a text.
struct AroundTokens {
  std::vector<std::int32_t> before, after;
};

AroundTokens around_of(const Tokenizer& tokenizer) {
  const std::vector<std::int32_t> text = tokenizer.encode("a"),
                                  all = tokenizer.encode("a", SpecialTokens::kAround);
  const auto found = std::ranges::search(all, text);
  return {{all.begin(), found.begin()}, {found.end(), all.end()}};
}

}  // namespace

// A text that is too long loses its last tokens, but not what stands behind it.
void CsvSamples::take_tokens(const std::vector<Text>& texts, const std::string& tokenizer_path) {
  auto [file, tokenizer] = load_tokenizer(tokenizer_path);
  const AroundTokens around = around_of(*tokenizer);
  const auto most = static_cast<std::size_t>(length_),
             ends = around.before.size() + around.after.size();
  if (most <= ends) {
    throw Error(ExitCode::kConfiguration, "data.sequence_length " + std::to_string(length_) +
                                              " has no room beside the " + std::to_string(ends) +
                                              " tokens that " + tokenizer_path +
                                              " puts around a text");
  }
  std::int32_t* row = tokens_.data();
  std::vector<std::int32_t> ids;
  for (const Text& text : texts) {
    ids.clear();
    tokenizer->encode(text.text, SpecialTokens::kNone, ids);
    if (ids.empty() && ends == 0) {
      throw Error(ExitCode::kData, "data: " + files_[text.file] + ": line " +
                                       std::to_string(text.line) + ": the text has no tokens");
    }
    ids.resize(std::min(ids.size(), most - ends));
    std::int32_t* to = std::ranges::copy(around.before, row).out;
    to = std::ranges::copy(ids, to).out;
    std::ranges::copy(around.after, to);
    row += length_;
  }
  kind_ = tokenizer->kind();
  vocabulary_ = tokenizer->vocabulary_size();
  tokenizer_ = std::move(file);
}

std::string CsvSamples::description() const {
  const std::string more =
      files_.size() == 1 ? "" : " and " + std::to_string(files_.size() - 1) + " more";
  const auto filled = std::ranges::count(tokens_, filling_);
  return kind_ + " texts of " + files_.front() + more + ": vocabulary " +
         std::to_string(vocabulary_) + ", " +
         std::to_string(100 * static_cast<std::size_t>(filled) / tokens_.size()) +
         "% of the tokens fill up rows";
}

std::int32_t CsvSamples::read(std::int64_t sample, const RandomWords*, void* row) const {
  std::memcpy(row, tokens_.data() + sample * length_,
              static_cast<std::size_t>(length_) * sizeof tokens_[0]);
  return labels_[static_cast<std::size_t>(sample)];
}

std::unique_ptr<Source> open_csv(const DataRequest& request) {
  auto samples = std::make_unique<CsvSamples>(request);
  const SampleSplit split = samples->split();
  return std::make_unique<SampleSource>(std::move(samples), split, request.seed);
}

}  // namespace pipetrain
