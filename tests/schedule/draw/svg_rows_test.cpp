#include "schedule/draw/svg_rows.h"

#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

Span span_of(Op op, int stage, int microbatch, double start, double end) {
  return {.action = {op, stage, microbatch}, .start = start, .end = end};
}

// Two ranks of two stages; the step begins at 10 and lasts 10.
Timeline example() {
  return {.ranks = {{span_of(Op::kForward, 0, 5, 10, 12), span_of(Op::kBackward, 0, 5, 16, 20)},
                    {span_of(Op::kForward, 3, 5, 12, 14)}}};
}

svg::TimeWindow window_of(double from, double to) {
  return {.from = from, .to = to, .width = 100, .number_width = 6, .virtual_stages = 2};
}

}  // namespace

TEST_CASE("An action is a box from its start to its end, in the row of its rank") {
  const std::string rows = svg::rows_of(example(), window_of(0, 10));
  CHECK(rows.starts_with("<svg width=\"100\" height=\"50\">\n"));
  // Microbatch 5 has shade 1; the number stands in the middle.
  CHECK(contains(rows,
                 "<g><title>0F5: 0 to 2</title><rect class=\"box F1\" x=\"0\" y=\"0\" "
                 "width=\"20\" height=\"22\"/>\n",
                 "<text class=\"n\" x=\"10\" y=\"14.74\">5</text>\n"));
  CHECK(contains(rows, "<title>3F5: 2 to 4</title><rect class=\"box F1\" x=\"20\" y=\"25\" "));
  CHECK(contains(rows, "<rect class=\"idle\" x=\"0\" y=\"25\" width=\"100\" height=\"22\"/>"));
}

TEST_CASE("A rank's later stages have a bar at the foot") {
  Timeline timeline = example();
  timeline.ranks[1].push_back(span_of(Op::kForward, 1, 5, 14, 16));
  const std::string rows = svg::rows_of(timeline, window_of(0, 10));
  const std::string foot =
      "<rect class=\"foot\" x=\"20\" y=\"39.96\" width=\"20\" height=\"7.04\"/>";
  CHECK(contains(rows, foot));
  CHECK(rows.find("class=\"foot\"") == rows.rfind("class=\"foot\""));
}

TEST_CASE("What lies outside of the window is not drawn, and a number in what is seen") {
  const std::string rows = svg::rows_of(example(), window_of(3, 8));
  CHECK(!contains(rows, "0F5"));
  CHECK(contains(rows,
                 "<title>0B5: 6 to 10</title><rect class=\"box B1\" x=\"60\" y=\"0\" "
                 "width=\"80\" height=\"22\"/>",
                 "<text class=\"n\" x=\"80\""));
  CHECK(contains(rows, "<rect class=\"box F1\" x=\"-20\" y=\"25\" width=\"40\""));
}

TEST_CASE("Numbers are left out where there is no room, and waits are never drawn") {
  Timeline timeline = example();
  timeline.ranks[0].insert(timeline.ranks[0].begin() + 1, span_of(Op::kBackward, 0, 5, 12, 16));
  timeline.ranks[0][1].waiting = true;
  svg::TimeWindow window = window_of(0, 10);
  window.number_width = 21;  // F has 20
  const std::string narrow = svg::rows_of(timeline, window);
  CHECK(contains(narrow, "<title>0F5", "<text class=\"n\" x=\"80\""));
  CHECK(!contains(narrow, "<text class=\"n\" x=\"10\""));
  window.number_width = 0;
  const std::string bare = svg::rows_of(timeline, window);
  CHECK(!contains(bare, "<title>"));
  CHECK(contains(bare, "<rect class=\"B1\" x=\"60\""));
  CHECK(!contains(bare, "<rect class=\"B1\" x=\"20\""));
}

TEST_CASE("Lines part the phases, and their names stand where there is room") {
  const Timeline timeline{
      .ranks = {{span_of(Op::kForward, 0, 0, 0, 4), span_of(Op::kBackward, 0, 0, 4, 5),
                 span_of(Op::kForward, 0, 1, 5, 10), span_of(Op::kBackward, 0, 1, 10, 20)}}};
  svg::TimeWindow window{.from = 0, .to = 20, .width = 200};
  const std::string rows = svg::rows_of(timeline, window);
  CHECK(contains(rows, "<path class=\"edge\" d=\"M40 0L40 25\"/>",
                 "<path class=\"edge\" d=\"M100 0L100 25\"/>"));
  std::vector<svg::Label> labels = svg::phase_labels(timeline, window);
  REQUIRE(labels.size() == 2);  // 40 pixels are too few for "warm-up"
  CHECK(labels[0].text == "steady");
  CHECK(labels[0].x == Approx(70));
  CHECK(labels[1].text == "cool-down");
  CHECK(labels[1].x == Approx(150));
  window.width = 400;
  labels = svg::phase_labels(timeline, window);
  REQUIRE(labels.size() == 3);
  CHECK(labels[0].text == "warm-up");
}

TEST_CASE("Forwards alone have no phases") {
  const Timeline timeline{.ranks = {{span_of(Op::kForward, 0, 0, 0, 4)}}};
  CHECK(svg::phase_labels(timeline, window_of(0, 4)).empty());
  CHECK(!contains(svg::rows_of(timeline, window_of(0, 4)), "edge"));
}
