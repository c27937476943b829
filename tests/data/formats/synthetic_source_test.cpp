#include "data/formats/synthetic_source.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/labelled_rows.h"

using namespace pipetrain;

namespace synthetic_source_test {

TEST_CASE("Synthetic tokens follow their rule, save one in sixteen") {
  for (const int vocabulary : {2, 3, 105, 50257}) {
    const SyntheticSource source({64, vocabulary, /*seed=*/1});
    const LabelledRows rows = epoch_rows(source, 0, 0, 100);
    const std::vector<std::int32_t> inputs = rows.tokens(), targets = rows.labels();
    const std::int64_t factor = vocabulary % 3 != 0   ? 3
                                : vocabulary % 5 != 0 ? 5
                                : vocabulary % 7 != 0 ? 7
                                                      : 11;
    int kept = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      REQUIRE((inputs[i] >= 0 && inputs[i] < vocabulary));
      kept += targets[i] == (factor * inputs[i] + 1) % vocabulary ? 1 : 0;
      if (i % 64 != 63) CHECK(inputs[i + 1] == targets[i]);
    }
    const double expected = 15.0 / 16 + 1.0 / (16 * vocabulary);
    CHECK(std::abs(kept / 6400.0 - expected) < 0.02);
  }
}

TEST_CASE("A synthetic row depends on the seed, the step and its number alone") {
  const SyntheticSource source({8, 50, /*seed=*/7}), other({8, 50, /*seed=*/8});
  const auto rows = epoch_rows(source, 3, 0, 6).tokens();
  CHECK(epoch_rows(SyntheticSource({8, 50, /*seed=*/7, /*validate=*/false}), 3, 0, 6).tokens() ==
        rows);
  CHECK(epoch_rows(source, 3, 4, 2).tokens() ==
        std::vector<std::int32_t>(rows.begin() + 32, rows.end()));
  CHECK(epoch_rows(source, 4, 0, 6).tokens() != rows);
  CHECK(epoch_rows(other, 3, 0, 6).tokens() != rows);
}

TEST_CASE("Other synthetic rows validate, unless none are to") {
  const SyntheticSource source({8, 50, /*seed=*/7});
  CHECK(source.validation_rows() == 128);
  CHECK(validation_rows(source).tokens() != epoch_rows(source, 0, 0, 128).tokens());
  CHECK(SyntheticSource({8, 50, /*seed=*/7, /*validate=*/false}).validation_rows() == 0);
  CHECK(source.description() == "synthetic tokens: vocabulary 50, 128 rows validate");
}

TEST_CASE("Synthetic tokens need a vocabulary") {
  CHECK(contains(data_error_of([] { const SyntheticSource source({8, 1, /*seed=*/7}); }),
                 "have no vocabulary of their own, found 1"));
}

}  // namespace synthetic_source_test
