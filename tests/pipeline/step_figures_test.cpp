#include "pipeline/step_figures.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace step_figures_test {

namespace {

Span span(const std::string& action, double start, double end, bool waiting = false) {
  return {.action = parse_action(action).value(), .waiting = waiting, .start = start, .end = end};
}

// As a sum over the ranks makes it.
StepResult summed(std::vector<StepFigures> ranks, int ranks_per_stage = 1) {
  StepFigures& first = ranks.front();
  for (std::size_t r = 1; r < ranks.size(); ++r) {
    for (std::size_t i = 0; i < first.values().size(); ++i) {
      first.values()[i] += ranks[r].values()[i];
    }
  }
  return first.result(ranks_per_stage);
}

}  // namespace

TEST_CASE("Losses and squares of the gradient are summed over the ranks") {
  StepFigures one({3, 2, 2}), other({3, 2, 2});
  one.set_loss(1.5, 7);
  *one.squares(0) = 4;
  other.set_loss(0.25, 5);
  other.squares(1)[0] = 5;
  other.squares(1)[1] = 16;
  const StepResult result = summed({one, other});
  CHECK(result.loss == 1.75);
  CHECK(result.targets == 12);
  CHECK(result.gradient_norm == 5);
}

TEST_CASE("Each rank's time, and each kind of action of each stage, is told apart") {
  StepFigures one({0, 2, 2}), other({0, 2, 2});
  one.add_spans(0, {span("0F0", 0, 2), span("0F1", 2, 6), span("0I0", 6, 9, true),
                    span("0I0", 9, 10), span("0W0", 10, 12)});
  one.set(0, 13, 100, {});
  other.add_spans(1, {span("1F0", 1, 2), span("1R0", 2, 5), span("1I0", 5, 6)});
  other.set(1, 11, 200, {});
  other.set_gather(1, 0.5);
  const StepResult result = summed({one, other});
  CHECK(result.busy_seconds == std::vector<double>{9, 5});
  CHECK(result.run_seconds == std::vector<double>{12, 6});
  CHECK(result.step_seconds == 13);
  CHECK(result.peak_bytes == std::vector<double>{100, 200});
  REQUIRE(result.stage_seconds.size() == 2);
  CHECK(result.stage_seconds[0].forward == 3);  // the mean of two
  CHECK(result.stage_seconds[0].backward_input == 1);
  CHECK(result.stage_seconds[0].backward_weight == 2);
  CHECK(result.stage_seconds[0].recompute == 0);
  CHECK(result.stage_seconds[1].forward == 1);
  CHECK(result.stage_seconds[1].recompute == 3);
  CHECK(result.stage_seconds[1].gather == 0.5);
  CHECK(result.bubble_fraction() == Approx(1 - 14.0 / 24));
}

TEST_CASE("A step that was recorded in pieces has the figures of all") {
  StepFigures figures({0, 1, 1});
  figures.add_spans(0, {span("0F0", 0, 2), span("0F1", 3, 4)});
  figures.add_spans(0, {span("0F2", 1, 4, true), span("0F2", 4, 10), span("0I0", 10, 11)});
  const StepResult result = summed({figures});
  CHECK(result.busy_seconds == std::vector<double>{10});
  CHECK(result.run_seconds == std::vector<double>{15});
  CHECK(result.stage_seconds[0].forward == 3);
  CHECK(result.stage_seconds[0].backward_input == 1);
  figures.clear();
  figures.add_spans(0, {span("0F0", 0, 2)});
  CHECK(summed({figures}).stage_seconds[0].forward == 2);
}

TEST_CASE("A stage that runs on several ranks has the mean of their times") {
  StepFigures one({0, 2, 1}), other({0, 2, 1});
  one.add_spans(0, {span("0F0", 0, 2)});
  other.add_spans(1, {span("0F0", 0, 4)});
  CHECK(summed({one, other}, 2).stage_seconds[0].forward == 3);
}

TEST_CASE("Ranks that have a notice are counted") {
  StepFigures one({0, 2, 1}), other({0, 2, 1});
  one.set(0, 1, 1, {.stop = true, .writing = true});
  other.set(1, 1, 1, {.writing = true, .lost = true});
  const StepResult result = summed({one, other});
  CHECK(result.stopping == 1);
  CHECK(result.writing == 2);
  CHECK(result.lost == 1);
}

TEST_CASE("A new step begins with nothing") {
  StepFigures figures({2, 1, 1});
  figures.set_loss(3, 4);
  *figures.squares(0) = 4;
  figures.set(0, 1, 1, {.stop = true});
  figures.clear();
  for (const double value : figures.values()) CHECK(value == 0);
}

TEST_CASE("What is not finite is named by what came first in the step") {
  const auto first = [](const std::vector<std::vector<NotFinite>>& ranks) {
    std::vector<std::string> texts;
    texts.reserve(ranks.size());
    for (const auto& found : ranks) texts.push_back(not_finite_text(found));
    return first_not_finite(texts);
  };
  const NotFinite front{0, false, "layer 0, backward"}, back{5, false, "layer 5, backward"};
  CHECK(first({{front}, {}, {{5, true, "layer 5, forward"}}}) == "layer 5, forward");
  CHECK(first({{front}, {back}, {}}) == "layer 5, backward");
  CHECK(first({{}, {}}) == "a weight gradient");
  // A rank of the first and the last stage, and two ranks that have the same stage.
  CHECK(first({{front, {5, true, "layer 5, forward"}}, {{1, true, "layer 1, forward"}}}) ==
        "layer 1, forward");
  CHECK(first({{front, back}, {{3, false, "layer 3, backward"}}}) == "layer 5, backward");
  CHECK(first({{{1, true, "layer 1"}}, {{0, true, "layer 0"}}, {{0, true, "its copy"}}}) ==
        "layer 0");
}

}  // namespace step_figures_test
