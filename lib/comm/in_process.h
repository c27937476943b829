// Ranks as threads of one process, with a Mailbox and a Collective each: for tests of what runs on
// them. It must not know MPI. A MemoryPool serves one thread, so a payload that changes rank is
// copied.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "comm/collective.h"
#include "comm/mailbox.h"
#include "comm/wait.h"
#include "tensor/memory.h"

namespace pipetrain {

struct InProcessState;

class InProcess {
 public:
  explicit InProcess(int ranks, WaitOptions wait = {});
  ~InProcess();
  InProcess(const InProcess&) = delete;
  InProcess& operator=(const InProcess&) = delete;
  int size() const;

  // What `rank` uses, in its own thread. They may outlive this object.
  std::unique_ptr<Mailbox> mailbox(int rank, MemoryPool& pool);
  std::unique_ptr<Collective> collective(int rank);
  // Over `group`, ascending ranks of which `rank` is one; Collective::rank() is its place in the
  // group.
  std::unique_ptr<Collective> collective(int rank, const std::vector<int>& group);

  // Runs body(rank) in a thread for each rank. When one throws, the others' waits end at once, and
  // its exception is thrown here after all have ended. std::logic_error if a message was sent that
  // nobody has taken.
  void run(const std::function<void(int rank)>& body);

 private:
  std::shared_ptr<InProcessState> state_;
};

}  // namespace pipetrain
