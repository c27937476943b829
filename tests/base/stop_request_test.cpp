#include "base/stop_request.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "catch.h"

using namespace pipetrain;

namespace {

// How a process of its own ends that does this: as waitpid() says it. Signals stay asked for until
// a process ends.
int end_of(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    for (const int number : {SIGUSR1, SIGHUP, SIGINT, SIGTERM}) std::signal(number, SIG_DFL);
    _exit(body());
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

bool ends_well(const std::function<int()>& body) {
  const int status = end_of(body);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("Each of the signals asks to stop, and does not end the process") {
  CHECK(!stop_requested());
  for (const int number : {SIGUSR1, SIGHUP, SIGINT, SIGTERM}) {
    CAPTURE(number);
    CHECK(ends_well([&] {
      catch_stop_signals();
      if (stop_requested()) return 1;
      std::raise(number);
      return stop_requested() ? 0 : 2;
    }));
  }
  CHECK(!stop_requested());
}

TEST_CASE("SIGUSR1 may come often, but who insists on SIGTERM ends the process") {
  const auto often = [] {
    catch_stop_signals();
    for (int i = 0; i < 5; ++i) std::raise(SIGUSR1);
    return 0;
  };
  CHECK(ends_well(often));
  const int status = end_of([] {
    catch_stop_signals();
    for (int i = 0; i < 3; ++i) std::raise(SIGTERM);
    return 0;
  });
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("Where SIGHUP is ignored, it stays so and asks for nothing") {
  CHECK(ends_well([] {
    std::signal(SIGHUP, SIG_IGN);
    catch_stop_signals();
    std::raise(SIGHUP);
    return stop_requested() ? 1 : 0;
  }));
}
