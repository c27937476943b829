#include "schedule/draw/text_scale.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("An action is called by its letter, of a second stage in lower case, of more by number") {
  const Action first{Op::kForward, 1, 0}, second{Op::kForward, 5, 12}, third{Op::kForward, 9, 0};
  const StagePlaces two(Timeline{.ranks = {{}, {{first}, {second}}}});
  const StagePlaces three(Timeline{.ranks = {{}, {{first}, {second}, {third}}}});
  CHECK(label_of(first, 1, two) == "F0");
  CHECK(label_of(second, 1, two) == "f12");
  CHECK(label_of(second, 1, three) == "5F12");
}

TEST_CASE("The shortest kind of action holds its label, unless it is much shorter than most") {
  const Action forward{Op::kForward, 0, 0}, backward{Op::kBackward, 0, 0};
  const auto timeline = [&](double shorter) {
    return Timeline{
        .ranks = {{{forward, false, 0, shorter}, {backward, false, shorter, shorter + 2}}}};
  };
  CHECK(label_width_of(timeline(1)) == 2);
  CHECK(columns_per_time(timeline(1), 2) == 2);    // F, of 1, has two columns
  CHECK(columns_per_time(timeline(0.1), 2) == 1);  // B, of 2, has them
  CHECK(columns_per_time(Timeline{.ranks = {{}}}, 2) == 1);
}
