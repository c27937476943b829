#include "comm/agree.h"

#include <cstddef>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace {

constexpr int kRanks = 3;

// What each rank leaves with, if it does.
std::vector<std::optional<CommonFailure>> leaving(const std::function<void(int rank)>& work) {
  std::vector<std::optional<CommonFailure>> found(kRanks);
  InProcess group(kRanks, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    const auto world = group.collective(rank);
    try {
      agree(*world, [&] { work(rank); });
    } catch (const CommonFailure& failure) {
      found[static_cast<std::size_t>(rank)] = failure;
    }
  });
  return found;
}

}  // namespace

TEST_CASE("When work goes well on all ranks they go on") {
  for (const auto& failure : leaving([](int) {})) CHECK_FALSE(failure);
}

TEST_CASE("When work fails on some ranks all leave as the lowest of them says") {
  const auto found = leaving([](int rank) {
    if (rank >= 1) throw Error(ExitCode::kData, "bad at rank " + std::to_string(rank), "a table");
  });
  for (int rank = 0; rank < kRanks; ++rank) {
    const auto& failure = found[static_cast<std::size_t>(rank)];
    REQUIRE(failure);
    CHECK(failure->code == static_cast<int>(ExitCode::kData));
    CHECK(failure->own.has_value() == (rank == 1));
  }
  CHECK(found[1]->own->text == "bad at rank 1");
  CHECK(found[1]->own->detail == "a table");
}

TEST_CASE("Whatever is thrown has an exit code and words") {
  CHECK(failure_of([] {}).code == 0);
  const Failure memory = failure_of([] { throw std::bad_alloc(); });
  CHECK(memory.code == static_cast<int>(ExitCode::kConfiguration));
  CHECK_THAT(memory.text, ContainsSubstring("out of memory"));
  const Failure bug = failure_of([] { throw std::out_of_range("at 5"); });
  CHECK(bug.code == 1);
  CHECK(bug.text == "internal error: at 5");
}
