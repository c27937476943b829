#include "schedule/draw/draw_svg.h"

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;

namespace {

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("The picture shows every action, the phases, the bubble and a legend") {
  const Schedule schedule = generate("zbv", 4, 2, 8);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1, 1));
  const std::string svg = draw_svg({{"zbv <4>", &timeline}});
  CHECK(count(svg, "<title>") == static_cast<int>(schedule.action_count()));
  CHECK(count(svg, "<g>") + count(svg, "<g ") == count(svg, "</g>"));
  for (const char* part : {"warm-up", "steady", "cool-down", "bubble 5.9%", "I input gradient",
                           "zbv &lt;4>", "<title>7F0: 3.5 to 4</title>"}) {
    INFO(part);
    CHECK(svg.find(part) != std::string::npos);
  }
  CHECK(svg.find("B backward") == std::string::npos);  // nothing in the legend that is not there
}

TEST_CASE("Two panels share one time axis") {
  const Schedule schedule = generate("gpipe", 2, 1, 2);
  const Timeline predicted = simulate(schedule, equal_costs(schedule, 1, 1, 1));
  const Timeline measured = simulate(schedule, equal_costs(schedule, 2, 2, 2));
  const std::string svg = draw_svg({{"measured", &measured}, {"predicted", &predicted}}, "s");
  CHECK(svg.find("makespan 16 s") != std::string::npos);
  CHECK(svg.find("makespan 8 s") != std::string::npos);
  CHECK(svg.find("measured") < svg.find("predicted"));
  CHECK(count(svg, "time, s") == 1);
  CHECK(svg.find("steady") == std::string::npos);  // GPipe has none
}

TEST_CASE("A long step is cut into lines, below an overview of the whole") {
  const Schedule schedule = generate("1f1b", 16, 1, 64);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1, 1));
  const std::string svg = draw_svg({{"1f1b", &timeline, "a remark"}});
  CHECK(count(svg, "<svg ") == 1 + 1 + 3);
  CHECK(count(svg, ">rank 7</text>") == 3);
  CHECK(count(svg, ">0</text>") >= 2);  // of the axes; "-0" would be wrong
  CHECK(count(svg, ">-0</text>") == 0);
  CHECK(count(svg, "a remark") == 1);
  for (const std::string microbatch : {"0", "31", "63"}) {  // F, I and W on every rank
    CHECK(count(svg, "\">" + microbatch + "</text>") >= 3 * 16);
  }
}

TEST_CASE("A schedule without backward has no phases") {
  const Schedule schedule = generate_forward_only(Placement::loop(4, 1), 8);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1, 1));
  CHECK(draw_svg({{"forward-only", &timeline}}).find("warm-up") == std::string::npos);
}

TEST_CASE("A picture that no viewer opens is refused") {
  Timeline timeline;
  timeline.ranks.resize(2, std::vector<Span>(200'000));
  CHECK_THROWS_AS(draw_svg({{"huge", &timeline}}), Error);
}

TEST_CASE("An empty timeline gives a picture all the same") {
  const Timeline timeline{{{}, {}}, {}};
  CHECK(draw_svg({{"nothing", &timeline}}).ends_with("</svg>\n"));
}
