#include "plan/block_tally.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Blocks that are given back are used no more, and serve their own size again") {
  BlockTally tally;
  tally.take(100, 2);
  CHECK(tally.used() == 200);
  tally.take(100, -2);
  CHECK(tally.used() == 0);
  CHECK(tally.reserved() == 200);
  tally.take(100);
  CHECK(tally.reserved() == 200);
  tally.take(50);  // a block of 100 does not serve
  CHECK(tally.reserved() == 250);
  CHECK(tally.used() == 150);
}

TEST_CASE("Work that is prepared once counts each time that it runs, its peak above what is used") {
  BlockTally tally;
  const BlockTally::Use work = tally.prepare({.after = {{10, 1}}, .most = {{10, 3}, {20, 1}}});
  tally.run(work);
  CHECK(tally.used() == 10);
  CHECK(tally.reserved() == 3 * 10 + 20);
  tally.run(work);
  CHECK(tally.used() == 20);
  CHECK(tally.reserved() == 4 * 10 + 20);
}

TEST_CASE("Returning to what was used before keeps the most, of sizes that are new as well") {
  BlockTally tally;
  tally.take(10);
  const BlockTally before = tally;
  tally.take(10, 4);
  tally.take(30);
  tally.return_to(before);
  CHECK(tally.used() == 10);
  CHECK(tally.reserved() == 5 * 10 + 30);
  tally.take(10);
  tally.take(30);
  CHECK(tally.used() == 50);
  CHECK(tally.reserved() == 5 * 10 + 30);
}
