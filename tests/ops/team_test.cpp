#include "ops/team.h"

#include <omp.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

int team_size() {
  int size = 0;
#pragma omp parallel
  if (omp_get_thread_num() == 0) size = omp_get_num_threads();
  return size;
}

}  // namespace

TEST_CASE("What is no positive number of threads is as good as not set") {
  CHECK(asked_threads(nullptr).threads == 0);
  CHECK_FALSE(asked_threads(nullptr).not_a_number);
  CHECK(asked_threads("3").threads == 3);
  CHECK(asked_threads(" +3 ").threads == 3);
  CHECK(asked_threads("4,2").threads == 4);
  for (const char* text : {"", "0", "-1", "abc", "2x", "1e3", "2.5", "0x2", "4,", ",4", "4,no"}) {
    CAPTURE(text);
    CHECK(asked_threads(text).threads == 0);
    CHECK(asked_threads(text).not_a_number == text);
  }
  for (const char* text : {"4097", "999999", "99999999999"}) {
    CHECK_THROWS_AS(asked_threads(text), Error);
  }
}

TEST_CASE("A number of threads that is none is hidden from OpenMP, and asked for all the same") {
  const char* const before = std::getenv("OMP_NUM_THREADS");
  const std::string kept = before == nullptr ? "" : before;
  setenv("OMP_NUM_THREADS", "2", 1);
  hide_bad_threads();
  CHECK(std::getenv("OMP_NUM_THREADS") == std::string("2"));
  setenv("OMP_NUM_THREADS", "many", 1);
  hide_bad_threads();
  CHECK(std::getenv("OMP_NUM_THREADS") == nullptr);
  CHECK(asked_threads().not_a_number == "many");
  show_bad_threads();
  CHECK(std::getenv("OMP_NUM_THREADS") == std::string("many"));
  before == nullptr ? unsetenv("OMP_NUM_THREADS") : setenv("OMP_NUM_THREADS", kept.c_str(), 1);
}

TEST_CASE("A team has the size that products are planned for") {
  const int before = omp_get_max_threads();
  std::thread([] {  // with settings of its own
    omp_set_dynamic(1);
    for (const int threads : {1, 2, 3}) {
      CHECK(settle_team(threads) == threads);
      CHECK(omp_get_max_threads() == threads);
      CHECK(team_size() == threads);
    }
    CHECK(omp_get_dynamic() == 0);
    // Where nothing may run in parallel, products are planned for one thread.
    const int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(0);
    CHECK(settle_team(2) == 1);
    CHECK(omp_get_max_threads() == 1);
    omp_set_max_active_levels(levels);
  })
      .join();
  CHECK(omp_get_max_threads() == before);
}
