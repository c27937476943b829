// Where the ranks of a run are and what they may use. It must not know MPI or how ranks were
// started.
#pragma once

#include <string>
#include <vector>

#include "comm/collective.h"

namespace pipetrain {

struct RankPlace {
  std::string host;
  int threads = 1;  // of OpenMP
  int cores = 1;    // that this rank may run on
  int sharing = 1;  // ranks of this host whose cores overlap with these, itself included
  // For the log, of this rank only: how it is bound to its cores, and why not where it should be.
  std::string binding = {}, warning = {};
};

struct World {
  int rank = 0;
  std::vector<RankPlace> places;  // of every rank

  int size() const { return static_cast<int>(places.size()); }
  bool oversubscribed() const;    // some host's ranks have more threads than cores
  double cores_per_rank() const;  // of all its threads, where they are fewest; at most 1
  // In which round each rank measures how fast it is: those of a host whose threads outnumber their
  // cores take turns, all others do so at once, in round 0.
  std::vector<int> measuring_rounds() const;
  std::string cure() const;  // of that: what to set or to start
  std::string text() const;  // "4 ranks on 1 host (node7), 1 thread each"
};

// Collective. Every rank says where it is.
World learn_world(const RankPlace& mine, Collective& collective);

}  // namespace pipetrain
