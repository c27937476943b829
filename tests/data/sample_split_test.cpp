#include "data/sample_split.h"

#include <cstdint>
#include <set>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace sample_split_test {

TEST_CASE("Of the samples a fraction validates, or the files of their own") {
  const SampleSplit last = split_samples({.validation_fraction = 0.25}, 10, 10, 1, "x");
  CHECK(last.in_order());
  CHECK(last.training() == 7);  // 2.5 are rounded to 3
  CHECK(last.validation() == 3);
  CHECK(last.at(7) == 7);
  const SampleSplit own = split_samples(
      {.validation = Validation::kFiles, .validation_files = {"v.csv"}}, 10, 6, 1, "x");
  CHECK(own.training() == 6);
  const SampleSplit random = split_samples({.validation = Validation::kRandom}, 10, 10, 1, "x");
  CHECK(!random.in_order());
  std::set<std::int64_t> all;
  for (std::int64_t place = 0; place < 10; ++place) all.insert(random.at(place));
  CHECK(all.size() == 10);
}

TEST_CASE("A part without samples is an error, unless no validation was asked for") {
  const auto split = [](double fraction, std::int64_t samples) {
    return split_samples({.validation_fraction = fraction}, samples, samples, 1, "x.csv");
  };
  CHECK(split(0, 3).validation() == 0);
  CHECK_THROWS_WITH(split(0.1, 3),
                    ContainsSubstring("x.csv: of its 3 samples the validation part has none"));
  CHECK_THROWS_WITH(split(0.9, 1), ContainsSubstring("the training part has none"));
  CHECK_THROWS_AS(split_samples({.validation = Validation::kFiles, .validation_files = {"v.csv"}},
                                6, 6, 1, "x"),
                  Error);
}

TEST_CASE("Classes that a part lacks are counted, and the first five named") {
  Warnings warnings;
  const auto class_of = [](std::int64_t sample) { return static_cast<std::int32_t>(sample); };
  warn_of_missing_classes({8, 7}, 8, class_of, 1, /*random=*/true, "x.csv", warnings);
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] == "data: x.csv: the training part has no sample of 1 of 8 classes (8)");
  CHECK(contains(warnings[1], "validation part", "7 of 8 classes (1, 2, 3, 4, 5 and 2 more)"));
}

}  // namespace sample_split_test
