#include "data/sample_source.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "data/labelled_rows.h"

using namespace pipetrain;

namespace sample_source_test {

namespace {

// Sample i is the token i and what varies it, or 0; its label is i mod 3.
class Numbers : public Samples {
 public:
  explicit Numbers(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  Shape row() const override { return {2}; }
  DType dtype() const override { return DType::kInt32; }
  int vocabulary() const override { return 100; }
  int classes() const override { return 3; }
  std::string description() const override { return "numbers"; }
  nlohmann::json tokenizer() const override { return {{"type", "number"}}; }
  std::int32_t read(std::int64_t sample, const RandomWords* variation, void* row) const override {
    auto* const tokens = static_cast<std::int32_t*>(row);
    tokens[0] = static_cast<std::int32_t>(sample);
    tokens[1] = variation == nullptr ? 0 : static_cast<std::int32_t>((*variation)[0] >> 1 | 1);
    return static_cast<std::int32_t>(sample % 3);
  }

 private:
  std::int64_t size_;
};

SampleSource source_of(const SampleSplit& split, std::uint64_t seed = 1) {
  return {std::make_unique<Numbers>(split.training() + split.validation()), split, seed};
}

std::vector<std::int32_t> every_second(const std::vector<std::int32_t>& tokens, std::size_t first) {
  std::vector<std::int32_t> found;
  for (std::size_t i = first; i < tokens.size(); i += 2) found.push_back(tokens[i]);
  return found;
}

std::vector<std::int32_t> samples_of(const LabelledRows& rows) {
  return every_second(rows.tokens(), 0);
}

}  // namespace

TEST_CASE("An epoch has every sample that trains once, in an order that seed and epoch decide") {
  const SampleSource source = source_of({20, 18}), other = source_of({20, 18}, 2);
  const auto epoch = samples_of(epoch_rows(source, 0, 0, 18));
  CHECK(std::set<std::int32_t>(epoch.begin(), epoch.end()).size() == 18);
  CHECK(*std::ranges::max_element(epoch) == 17);
  CHECK(!std::ranges::is_sorted(epoch));
  CHECK(samples_of(epoch_rows(source_of({20, 18}), 0, 0, 18)) == epoch);
  CHECK(samples_of(epoch_rows(source, 1, 0, 18)) != epoch);
  CHECK(samples_of(epoch_rows(other, 0, 0, 18)) != epoch);
  // As steps read them.
  std::vector<std::int32_t> parts;
  for (std::int64_t row = 0; row < 18; row += 6) {
    for (const std::int32_t sample : samples_of(epoch_rows(source, 0, row, 6))) {
      parts.push_back(sample);
    }
  }
  CHECK(parts == epoch);
  const auto labels = epoch_rows(source, 0, 0, 18).labels();
  for (std::size_t i = 0; i < 18; ++i) CHECK(labels[i] == epoch[i] % 3);
}

TEST_CASE("The other samples validate, in their order and as they are") {
  const SampleSource source = source_of({20, 16});
  CHECK(source.validation_rows() == 4);
  CHECK(validation_rows(source).tokens() == std::vector<std::int32_t>{16, 0, 17, 0, 18, 0, 19, 0});
  CHECK(validation_rows(source).labels() == std::vector<std::int32_t>{1, 2, 0, 1});
  LabelledRows last(source, 1);
  source.read_validation(3, last.inputs, last.targets);
  CHECK(samples_of(last) == std::vector<std::int32_t>{19});
  CHECK(source.split().training == 16);
  CHECK(source.split().all == 20);
}

TEST_CASE("Samples that train vary, each in its own way in each epoch") {
  const SampleSource source = source_of({20, 18});
  std::set<std::int32_t> variations;
  for (const std::int64_t epoch : {0, 1}) {
    for (const std::int32_t v : every_second(epoch_rows(source, epoch, 0, 18).tokens(), 1)) {
      variations.insert(v);
    }
  }
  CHECK(variations.size() == 36);
  CHECK(!variations.contains(0));
}

TEST_CASE("Of a random split the drawn samples train, and no place parts them from the others") {
  const SampleSplit split(20, 15, 7);
  const SampleSource source = source_of(split);
  CHECK(source.split().all == 0);
  auto all = samples_of(epoch_rows(source, 0, 0, 15));
  const auto validate = samples_of(validation_rows(source));
  for (const std::int32_t sample : validate) CHECK(!std::ranges::count(all, sample));
  all.insert(all.end(), validate.begin(), validate.end());
  std::ranges::sort(all);
  CHECK(all.front() == 0);
  CHECK(all.back() == 19);
}

TEST_CASE("What the samples are is said with how many of them train") {
  const SampleSource source = source_of({20, 16});
  CHECK(source.description() == "numbers, 3 classes, 16 samples train, 4 validate");
  CHECK(source.vocabulary() == 100);
  CHECK(source.classes() == 3);
  CHECK(source.input_shape() == Shape{2});
  CHECK(source.target_shape().rank() == 0);
  CHECK(source.tokenizer()["type"] == "number");
}

}  // namespace sample_source_test
