#include "data/epochs.h"

#include "catch.h"

using namespace pipetrain;

namespace epochs_test {

TEST_CASE("Steps take the samples epoch by epoch, the last batch what is left") {
  const Epochs epochs{.samples = 500, .batch_rows = 64, .least_rows = 4};
  CHECK(epochs.steps() == 8);
  CHECK(epochs.at(0) == StepRows{0, 0, 64});
  CHECK(epochs.at(6) == StepRows{0, 384, 64});
  CHECK(epochs.at(7) == StepRows{0, 448, 52});
  CHECK(epochs.at(8) == StepRows{1, 0, 64});
  CHECK(epochs.at(23) == StepRows{2, 448, 52});
}

TEST_CASE("A rest that does not fill the microbatches is left out") {
  const Epochs even{.samples = 128, .batch_rows = 64, .least_rows = 4};
  CHECK(even.steps() == 2);
  CHECK(even.at(2) == StepRows{1, 0, 64});
  const Epochs rest{.samples = 131, .batch_rows = 64, .least_rows = 4};
  CHECK(rest.steps() == 2);
  CHECK(Epochs{.samples = 132, .batch_rows = 64, .least_rows = 4}.at(2) == StepRows{0, 128, 4});
  CHECK(Epochs{.samples = 50, .batch_rows = 64, .least_rows = 4}.at(1) == StepRows{1, 0, 50});
  CHECK(Epochs{.samples = 3, .batch_rows = 64, .least_rows = 4}.steps() == 0);
}

TEST_CASE("Rows that are drawn have a pass for every step") {
  const Epochs drawn{.samples = 0, .batch_rows = 12, .least_rows = 6};
  CHECK(drawn.at(5) == StepRows{5, 0, 12});
}

}  // namespace epochs_test
