#include "schedule/draw/draw_text.h"

#include <cstddef>
#include <sstream>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;

namespace {

std::string drawing_of(const std::string& name, int ranks, int virtual_stages, int microbatches,
                       const TextStyle& style = {}) {
  const Schedule schedule = generate(name, ranks, virtual_stages, microbatches);
  return draw_text(simulate(schedule, equal_costs(schedule, 1, 1, 1)), style);
}

}  // namespace

TEST_CASE("1F1B at S=4, M=8 reads well in 80 columns") {
  CHECK(drawing_of("1f1b", 4, 1, 8) ==
        "       0         5         10        15        20        25\n"
        "rank 0 F0F1F2F3......I0W0F4I1W1F5I2W2F6I3W3F7I4W4..I5W5..I6W6..I7W7\n"
        "rank 1 ..F0F1F2....I0W0F3I1W1F4I2W2F5I3W3F6I4W4F7I5W5..I6W6..I7W7..\n"
        "rank 2 ....F0F1..I0W0F2I1W1F3I2W2F4I3W3F5I4W4F6I5W5F7I6W6..I7W7....\n"
        "rank 3 ......F0I0W0F1I1W1F2I2W2F3I3W3F4I4W4F5I5W5F6I6W6F7I7W7......\n"
        "\n"
        "makespan 30, bubble 20.0%\n"
        "peak live microbatches of each rank: 4 3 2 1\n"
        "F forward, I input gradient, W weight gradient; then the microbatch\n");
}

TEST_CASE("A long drawing is cut into panels of the given width") {
  for (const char* name : {"zbv", "interleaved", "v-min"}) {
    std::istringstream lines(drawing_of(name, 4, 2, 8));
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
  }
  CHECK(drawing_of("interleaved", 2, 3, 4).find("0F0 0F1 2F0 2F1 4F0") != std::string::npos);
  CHECK(drawing_of("zbv", 2, 2, 4).find("f0i0w0") != std::string::npos);
}

TEST_CASE("Colour adds escapes and ends every row plain") {
  std::istringstream lines(drawing_of("1f1b", 2, 1, 4, {80, true, "s"}));
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);
  CHECK(line.find("\033[30;48;5;117mF0") != std::string::npos);
  CHECK(line.ends_with("\033[0m"));
}

TEST_CASE("A timeline without spans is drawn, too") {
  CHECK_NOTHROW(draw_text(Timeline{}));
  CHECK_NOTHROW(draw_text(Timeline{{{}, {}}, {}}));
}

TEST_CASE("The legend explains the letters that there are, and no line is too wide") {
  const Schedule schedule = generate_forward_only(Placement::loop(40, 1), 4);
  const std::string text = draw_text(simulate(schedule, equal_costs(schedule, 1, 1, 1)));
  CHECK(text.find("\nF forward; then the microbatch\n") != std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
}

TEST_CASE("Actions of very different length do not make an endless drawing") {
  const Schedule schedule = generate("gpipe", 2, 1, 4);
  CHECK(draw_text(simulate(schedule, equal_costs(schedule, 1e-9, 1e-9, 1e9))).size() < 5000);
  Timeline timeline;
  timeline.ranks.resize(100'000);
  for (std::size_t rank = 0; rank < timeline.ranks.size(); ++rank) {
    const double start = static_cast<double>(rank);
    timeline.ranks[rank] = {{{}, true, 0, start}, {{}, false, start, start + 1}};
  }
  CHECK_THROWS_AS(draw_text(timeline), Error);
}

TEST_CASE("Every action of a schedule with uneven stages has its label") {
  const Schedule schedule = generate("1f1b", 4, 1, 8);
  const Costs costs{{{3, 3, 4}, {6, 7, 7}, {5, 5, 5}, {1, 2, 2}}, 0};
  std::istringstream lines(draw_text(simulate(schedule, costs), {.columns = 2000}));
  std::string line;
  std::getline(lines, line);  // the axis
  for (int rank = 0; rank < 4; ++rank) {
    std::getline(lines, line);
    for (const char* letter : {"F", "I", "W"}) {
      for (int microbatch = 0; microbatch < 8; ++microbatch) {
        CAPTURE(line, letter, microbatch);
        CHECK(contains(line, letter + std::to_string(microbatch)));
      }
    }
  }
  for (; std::getline(lines, line);) CHECK(!contains(line, "too short"));
}

TEST_CASE("A drawing says which actions it is too coarse for, and cuts no number short") {
  const auto drawn = [](const Costs& costs, int microbatches) {
    return draw_text(simulate(generate("gpipe", 2, 1, microbatches), costs), {.columns = 9999});
  };
  CHECK(contains(drawn({{{1, 0, 1}, {1, 1, 1}}, 0}, 4),
                 "\ntoo short to be seen: 4 of 24 actions, first I0 of rank 0; svg draws them\n"));
  const auto forward = [](int microbatch, double start, double end) {
    return Span{{Op::kForward, 0, microbatch}, false, start, end};
  };
  const Timeline cut{{{forward(9, 0, 3), forward(10, 3, 5), forward(11, 5, 8)}}, {}};
  CHECK(contains(draw_text(cut), "rank 0 F9 F F11\n"));
}

TEST_CASE("Two timelines share one axis, piece by piece") {
  const Schedule schedule = generate("1f1b", 2, 1, 3);
  const Timeline fast = simulate(schedule, equal_costs(schedule, 1, 1, 1)),
                 slow = simulate(schedule, equal_costs(schedule, 2, 2, 2));
  CHECK(draw_text({{"measured", &slow}, {"predicted", &fast}}, {.columns = 47}) ==
        "       0         5         10        15\n"
        "measured\n"
        "rank 0 F0- F1- ....I0- W0- F2- I1- W1- ....I2-\n"
        "rank 1 ....F0- I0- W0- F1- I1- W1- F2- I2- W2-\n"
        "predicted\n"
        "rank 0 F0F1..I0W0F2I1W1..I2W2\n"
        "rank 1 ..F0I0W0F1I1W1F2I2W2..\n"
        "\n"
        "       20\n"
        "measured\n"
        "rank 0 W2-\n"
        "rank 1 ....\n"
        "\n"
        "measured: makespan 22, bubble 18.2%\n"
        "peak live microbatches of each rank: 2 1\n"
        "predicted: makespan 11, bubble 18.2%\n"
        "peak live microbatches of each rank: 2 1\n"
        "F forward, I input gradient, W weight gradient; then the microbatch\n");
}
