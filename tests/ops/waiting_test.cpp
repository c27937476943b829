#include "ops/waiting.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Waits may spin only where nobody else needs the cores") {
  CHECK(reason_to_sleep({.threads = 2, .ranks = 2, .cores = 4}).empty());
  CHECK(reason_to_sleep({.threads = 2, .ranks = 2, .cores = 2}) == "4 threads on 2 cores");
  CHECK(reason_to_sleep({.threads = 2, .ranks = 1, .cores = 1}) == "2 threads on 1 core");
  CHECK(reason_to_sleep({.threads = 1, .ranks = 1, .cores = 4, .quota = 1.5}) ==
        "a quota of 1.5 of 4 cores");
  CHECK(reason_to_sleep({.threads = 1, .ranks = 2, .cores = 4, .quota = 1.5}) ==
        "a quota of 1.5 of 4 cores, too few for 2 threads: start fewer, or ask for more of it");
  CHECK(reason_to_sleep({.threads = 4, .ranks = 1, .cores = 4, .quota = 4}).empty());
  CHECK(reason_to_sleep({.threads = 2, .ranks = 1, .cores = 4, .other_tasks = 2}).empty());
  const char* const busy = "other work on the machine";
  CHECK(reason_to_sleep({.threads = 2, .ranks = 1, .cores = 4, .other_tasks = 3}) == busy);
}

TEST_CASE("What surrounds this process is asked of the system") {
  const Surroundings around = surroundings();
  CHECK(around.threads >= 1);
  CHECK(around.ranks >= 1);
  CHECK(around.cores >= 1);
  CHECK(around.quota > 0);
}
