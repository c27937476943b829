// MPI from start to end: the world, this host, and a way out.
// It must not know what is sent.
#pragma once

#include <string>

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
  int ranks_on_host() const { return ranks_on_host_; }
  // Cores this rank may run on, or what a quota leaves of them; and how many ranks of this host,
  // itself among them, may run on any of those.
  int cores() const { return cores_; }
  int ranks_sharing_cores() const { return ranks_sharing_cores_; }
  const std::string& crowded() const { return crowded_; }
  bool oversubscribed() const { return !crowded_.empty() || ranks_sharing_cores_ > cores_; }

  // Ends all ranks at once; mpirun's exit code is `code`.
  [[noreturn]] void abort(int code) const;

 private:
  void learn_host();

  std::string crowded_;
  int rank_ = 0, size_ = 1;
  std::string host_;
  int ranks_on_host_ = 1;
  int cores_ = 1, ranks_sharing_cores_ = 1;
  int exceptions_at_start_ = 0;
};

}  // namespace pipetrain
