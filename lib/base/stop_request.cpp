#include "base/stop_request.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace pipetrain {
namespace {

volatile std::sig_atomic_t requested = 0;
bool hangup_ignored = false;

// The system is asked itself, since not even the C library is ready. A signal's handler comes first
// in what it answers.
void look_at_hangup(int, char**, char**) {
  constexpr long kSignalSetBytes = 8;
  void (*found[16])(int) = {};
  hangup_ignored = syscall(SYS_rt_sigaction, SIGHUP, nullptr, found, kSignalSetBytes) == 0 &&
                   found[0] == SIG_IGN;
}
// Of a program these run before anything of the libraries that it is linked with.
[[gnu::section(".preinit_array"), gnu::used]] void (*const look_first)(int, char**,
                                                                       char**) = look_at_hangup;

extern "C" void request_stop(int number) {
  const bool insists = number == SIGINT || number == SIGTERM;
  if (requested != 0 && insists) std::signal(number, SIG_DFL);
  requested = 1;
}

}  // namespace

void keep_hangup_ignored() {
  if (hangup_ignored) std::signal(SIGHUP, SIG_IGN);
}

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
