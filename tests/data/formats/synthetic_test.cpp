// What is made by a rule follows from the configuration; the rules have tests of their own.
#include <string>

#include "data/labelled_rows.h"

using namespace pipetrain;

namespace synthetic_test {

TEST_CASE("Without classes synthetic rows are tokens, drawn without end") {
  const auto source = open_source({.format = "synthetic"}, 4, 1, 10);
  CHECK(source->input_shape() == Shape{4});
  CHECK(source->target_shape() == Shape{4});
  CHECK(source->training_rows() == 0);
  CHECK(source->validation_rows() == 128);
}

TEST_CASE("With classes they are texts, and with a size images, of which others validate") {
  DataConfig config{.format = "synthetic", .classes = 3, .samples = 50};
  const auto texts = open_source(config, 4, 1, 10);
  CHECK(texts->input_shape() == Shape{4});
  CHECK(texts->target_shape().rank() == 0);
  CHECK(texts->classes() == 3);
  CHECK(texts->training_rows() == 50);
  CHECK(texts->validation_rows() == 128);
  config.image = {6, 5, 2};
  const auto images = open_source(config, 0, 1);
  CHECK(images->input_shape() == Shape{6, 5, 2});
  CHECK(images->input_dtype() == DType::kFloat32);
  config.validation_fraction = 0;
  CHECK(open_source(config, 0, 1)->validation_rows() == 0);
  CHECK(
      open_source({.format = "synthetic", .validation_fraction = 0}, 4, 1, 10)->validation_rows() ==
      0);
}

}  // namespace synthetic_test
