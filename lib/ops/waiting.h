// How threads and ranks wait for each other: whether they may burn a core meanwhile. OpenMP's
// library settles that as it is loaded, so it is chosen first; it must not know what is computed.
#pragma once

#include <limits>
#include <string>

namespace pipetrain {

// What is known before MPI starts.
struct Surroundings {
  int threads = 1;  // of this rank
  int ranks = 1;    // that share these cores, this one included
  int cores = 1;    // that this rank may run on
  double quota = std::numeric_limits<double>::infinity();  // cores' worth of time
  // Of the whole machine, if these are all of its cores, else 0: tasks beside these ranks that want
  // a core at this moment.
  int other_tasks = 0;
};

Surroundings surroundings();

// Why a wait must leave its core to others at once: "4 threads on 2 cores". Empty: nobody needs it.
std::string reason_to_sleep(const Surroundings& around);

// Whether the user has told OpenMP's threads to spin for long (OMP_WAIT_POLICY, GOMP_SPINCOUNT).
bool told_to_spin();

// Tells OpenMP to sleep or to spin for some microseconds, unless the user has said how to wait, and
// starts the program again for that, once. Returns why waits must sleep; empty: they may spin.
std::string settle_waiting(char** argv);

}  // namespace pipetrain
