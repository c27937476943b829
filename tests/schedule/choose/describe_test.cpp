#include "schedule/choose/describe.h"

#include <string>

#include "catch.h"
#include "schedule/choose/schedule_request.h"

using namespace pipetrain;

TEST_CASE("A description has sizes, costs, and both kinds of makespan where they differ") {
  const Schedule schedule = choose({.name = "1f1b", .ranks = 4, .microbatches = 8}, {});
  const Description words = describe("1f1b", schedule, {});
  CHECK(words.title == "1f1b: 4 ranks, 8 microbatches");
  CHECK(words.remark ==
        "a rank's F, I, W cost 1, 1, 1; B as one action: makespan 33, bubble 27.3%");
  REQUIRE(words.notes.size() == 1);
  CHECK(words.notes.front().starts_with("efficiency 80.0% as it runs, 72.7% with B as one action"));
  CHECK(wrapped("one two three", 7) == "one two\nthree\n");
  const Schedule v = choose({.name = "zbv", .ranks = 1, .microbatches = 1}, {});
  CHECK(describe("zbv", v, {}).title == "zbv: 1 rank, 2 stages, 1 microbatch");
  CHECK(describe("zbv", choose({.name = "zbv", .ranks = 2, .microbatches = 4}, {}), {}).title ==
        "zbv: 2 ranks, 2 stages each in a V, 4 microbatches");
  CHECK(describe("zbv", v, given_costs("1,1,2,0.1", "")).remark ==
        "a rank's F, I, W cost 1, 1, 2, a message 0.1");
}

TEST_CASE("V-Half says which schedule is faster where it was not made for the costs") {
  const Schedule half = choose({.name = "v-half", .ranks = 2, .microbatches = 8}, {});
  const GivenCosts uneven = given_costs("1,2,0", "");
  CHECK(better_than_tuned("v-half", half, {}).empty());
  CHECK(better_than_tuned("zbv", half, uneven).empty());
  CHECK(better_than_tuned("v-half", half, uneven) ==
        "v-half is made for F = I = W: at these costs grouped is faster in no more memory, "
        "makespan 25.5 against 32");
}

TEST_CASE("Costs of each stage are named by their file") {
  const Schedule schedule = choose({.name = "gpipe", .ranks = 2, .microbatches = 1}, {});
  GivenCosts costs{.message = 0.5};
  costs.stages = {{1, 1, 1}, {2, 2, 2}};
  costs.stages_from = "my.csv";
  CHECK(describe("gpipe", schedule, costs)
            .remark.starts_with("costs of each stage from my.csv, a message 0.5"));
}

TEST_CASE("Where a B alone is the whole backward both figures are one, and said once") {
  const Schedule schedule = choose({.name = "1f1b", .ranks = 1, .microbatches = 3}, {});
  const Description words = describe("1f1b", schedule, {});
  CHECK(words.remark == "a rank's F, I, W cost 1, 1, 1");
  CHECK(words.notes.empty());
}

TEST_CASE("What was searched for says how far it could be from the best") {
  const Schedule schedule = choose({.name = "auto", .ranks = 2, .microbatches = 4}, {});
  const Description words = describe("auto", schedule, {});
  REQUIRE(!words.notes.empty());
  // The last rank waits for one F, the first for one I at the end or their like: 4 x 3 and 1 more.
  CHECK(words.notes.back() == "no schedule of these stages in this memory has a makespan below 13");
}

TEST_CASE("Lines are broken between words, and a word that is too long stands alone") {
  CHECK(wrapped("", 10).empty());
  CHECK(wrapped("  one   two ", 10) == "one two\n");
  CHECK(wrapped("a incomprehensible b", 6) == "a\nincomprehensible\nb\n");
}
