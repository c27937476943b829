#include "plan/memory_use.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Uses follow each other: what the first leaves lies below what the next takes") {
  const MemoryUse use = then(then(takes(8, 2), takes(8, -1)), takes(4, 3));
  CHECK(use.after == Blocks{{4, 3}, {8, 1}});
  CHECK(use.most == Blocks{{4, 3}, {8, 2}});
}

TEST_CASE("Work that frees blocks needs none, whatever it frees") {
  const MemoryUse use = takes(8, -3);
  CHECK(use.after == Blocks{{8, -3}});
  CHECK(use.most == Blocks{{8, 0}});
}

TEST_CASE("What is taken, given back and taken again is needed once") {
  MemoryUse use = takes(8, 2);
  for (int i = 0; i < 3; ++i) use = then(then(use, takes(8, -2)), takes(8, 2));
  CHECK(use.after == Blocks{{8, 2}});
  CHECK(use.most == Blocks{{8, 2}});
}

TEST_CASE("A size's peak lies above what the work before it left of that size alone") {
  const MemoryUse peak{.after = {}, .most = {{4, 5}}};
  CHECK(then(takes(4, 2), peak).most == Blocks{{4, 7}});
  CHECK(then(takes(8, 2), peak).most == Blocks{{4, 5}, {8, 2}});
}

TEST_CASE("Blocks are added as often as told") {
  Blocks blocks{{4, 1}};
  add_blocks(blocks, {{4, 2}, {8, 1}}, 3);
  CHECK(blocks == Blocks{{4, 7}, {8, 3}});
}
