// MPI from start to end: the world, this host, and a way out.
// It must not know what is sent.
#pragma once

#include <string>

#include "base/binding.h"

namespace pipetrain {

class MpiSession {
 public:
  // `crowded`: why a wait must leave its core to others at once; empty: it need not.
  explicit MpiSession(std::string crowded = {});
  ~MpiSession();  // MPI_Finalize, which waits for all ranks; after an exception MPI_Abort, which
                  // does not
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  const std::string& host() const { return host_; }
  int ranks_on_host() const { return static_cast<int>(host_ranks_.processors.size()); }
  // When MPI_Init was called and when MPI was up, by wall_seconds().
  double init_began() const { return init_began_; }
  double init_ended() const { return init_ended_; }
  // What each of them may run on as the launcher has left it, and what that is for this one.
  const HostRanks& host_ranks() const { return host_ranks_; }
  const RankCores& cores() const { return cores_; }
  const std::string& crowded() const { return crowded_; }
  bool oversubscribed() const { return !crowded_.empty() || cores_.sharing > cores_.cores; }

  // Ends all ranks at once; mpirun's exit code is `code`.
  [[noreturn]] void abort(int code) const;

 private:
  void learn_host();

  std::string crowded_;
  double init_began_ = 0, init_ended_ = 0;
  int rank_ = 0, size_ = 1;
  std::string host_;
  HostRanks host_ranks_;
  RankCores cores_;
  int exceptions_at_start_ = 0;
};

}  // namespace pipetrain
