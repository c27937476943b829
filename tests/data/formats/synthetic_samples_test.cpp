#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "data/labelled_rows.h"

using namespace pipetrain;

namespace synthetic_samples_test {

namespace {

DataConfig texts(int classes) {
  return {.format = "synthetic", .classes = classes, .samples = 500};
}

}  // namespace

TEST_CASE("More than half of a synthetic text's tokens leave the label as remainder") {
  for (const int length : {1, 2, 7, 32}) {
    const auto source = open_source(texts(10), length, 1, 1003);
    CHECK(source->training_rows() == 500);
    CHECK(source->validation_rows() == 128);
    CHECK(source->classes() == 10);
    const LabelledRows rows = epoch_rows(*source, 0, 0, 500);
    std::map<int, int> label_counts;
    std::set<std::int32_t> tokens;
    for (std::size_t i = 0; i < 500; ++i) {
      const std::int32_t label = rows.labels()[i];
      ++label_counts[label];
      int own = 0;
      for (int t = 0; t < length; ++t) {
        const std::int32_t token =
            rows.tokens()[i * static_cast<std::size_t>(length) + static_cast<std::size_t>(t)];
        REQUIRE((token >= 0 && token < 1003));
        tokens.insert(token);
        own += token % 10 == label ? 1 : 0;
      }
      CHECK(2 * own > length);
    }
    CHECK(label_counts.size() == 10);
    for (const auto& [label, count] : label_counts) CHECK((count > 20 && count < 90));
    if (length == 32) CHECK(*tokens.rbegin() > 995);
    CHECK(validation_rows(*source).tokens() != epoch_rows(*source, 0, 0, 128).tokens());
  }
  CHECK(data_error(texts(10), 8, 9).find("model.vocabulary is 9, expected at least the 10") !=
        std::string::npos);
}

TEST_CASE("The stripes of a synthetic image have the direction of its label") {
  const DataConfig config{.format = "synthetic", .classes = 6, .image = {32, 24, 3}, .samples = 60};
  const auto source = open_source(config, 0, 1);
  CHECK(source->input_shape() == Shape{32, 24, 3});
  CHECK(source->input_dtype() == DType::kFloat32);
  CHECK(source->vocabulary() == 0);
  const LabelledRows rows = epoch_rows(*source, 0, 0, 60);
  const std::vector<float> pixels = rows.pixels();
  for (std::size_t i = 0; i < 60; ++i) {
    // Of the waves in all directions, that of the label fits best, whatever its place.
    std::vector<double> power;
    for (int k = 0; k < 6; ++k) {
      const double direction = std::acos(-1.0) * k / 6;
      double re = 0, im = 0;
      for (int y = 0; y < 32; ++y) {
        for (int x = 0; x < 24; ++x) {
          const double phase =
              std::acos(-1.0) / 3 * (y * std::sin(direction) + x * std::cos(direction));
          const std::size_t at =
              ((i * 32 + static_cast<std::size_t>(y)) * 24 + static_cast<std::size_t>(x)) * 3;
          re += std::cos(phase) * (pixels[at] + pixels[at + 1] + pixels[at + 2]);
          im += std::sin(phase) * (pixels[at] + pixels[at + 1] + pixels[at + 2]);
        }
      }
      power.push_back(re * re + im * im);
    }
    CHECK(std::max_element(power.begin(), power.end()) - power.begin() == rows.labels()[i]);
  }
}

}  // namespace synthetic_samples_test
