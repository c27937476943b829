#include "base/stop_request.h"

#include <csignal>
#include <initializer_list>

namespace pipetrain {
namespace {

volatile std::sig_atomic_t requested = 0;

extern "C" void request_stop(int number) {
  const bool insists = number == SIGINT || number == SIGTERM;
  if (requested != 0 && insists) std::signal(number, SIG_DFL);
  requested = 1;
}

}  // namespace

void catch_stop_signals() {
  for (const int number : {SIGUSR1, SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction action = {};
    sigaction(number, nullptr, &action);
    if (number == SIGHUP && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = request_stop;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, nullptr);
  }
}

bool stop_requested() { return requested != 0; }

}  // namespace pipetrain
