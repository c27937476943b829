// The threads that operations are spread over, settled once: oneDNN plans its work for
// omp_get_max_threads() and gives wrong results, without a word, where OpenMP then grants fewer. It
// must not know ranks, nor how many threads are wanted.
#pragma once

#include <optional>
#include <string>

namespace pipetrain {

constexpr int kMostThreads = 4096;  // OpenMP keeps some bytes for each on one stack

// What OMP_NUM_THREADS asks for.
struct AskedThreads {
  int threads = 0;  // 0: nothing
  // Its text, if that is no positive number and so as good as not set.
  std::optional<std::string> not_a_number = std::nullopt;
};
// Of a text, null for a variable that is not set; of the environment.
// Error(kConfiguration) for more than kMostThreads.
AskedThreads asked_threads(const char* text);
AskedThreads asked_threads();

// Ahead of all that asks OpenMP: LLVM's ends the program where OMP_NUM_THREADS is no number. It is
// taken out of the environment, and asked_threads() still has it; put back for a program to start.
void hide_bad_threads();
void show_bad_threads();

// Teams of this thread have `threads` from now on, or as many as OpenMP's limits leave, whatever
// the environment says and however busy the machine is. Returns how many.
// Error(kConfiguration) if the system does not start so many.
int settle_team(int threads);

// The variables that keep OpenMP from granting what is asked: "OMP_THREAD_LIMIT=1".
std::string team_limits();

}  // namespace pipetrain
