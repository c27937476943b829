// What the threads of an InProcess share: inboxes, meeting points of groups, and whether one of
// them has failed. Only in_process*.cpp include it. Everything in it is behind a mutex or atomic.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "comm/collective.h"
#include "comm/mailbox.h"
#include "comm/wait.h"

namespace pipetrain {

// A message on its way, addressed by its sender: `message.peer` is the source.
struct Letter {
  Message message;
  std::vector<std::byte> payload;
};

struct Inbox {
  std::mutex mutex;
  std::deque<Letter> letters;  // in order of arrival
};

// Where the ranks of a group meet: each lays down an address, and no one goes on before all have
// come.
struct Meeting {
  std::mutex mutex;
  std::vector<const void*> laid_down;
  int arrived = 0;
  int round = 0;

  // An operation that goes on while its ranks do other things.
  struct Started {
    std::vector<std::vector<float>> wholes;  // one per rank, as it was when that rank started
    int arrived = 0, left = 0;
  };
  std::map<std::pair<std::string, int>, Started> started;  // by name and number
};

struct InProcessState {
  InProcessState(int ranks, WaitOptions wait_options)
      : wait(wait_options), inboxes(static_cast<std::size_t>(ranks)) {}

  // wait_until, ended early by Error(kTimeout) once another rank has failed.
  void wait_for(const std::function<bool()>& done, int rank,
                const std::function<std::string()>& what) const;
  Meeting& meeting(const std::vector<int>& group);

  const WaitOptions wait;
  std::atomic<bool> failed = false;
  std::vector<Inbox> inboxes;
  std::mutex meetings_mutex;
  std::map<std::vector<int>, std::unique_ptr<Meeting>> meetings;
};

std::unique_ptr<Mailbox> make_in_process_mailbox(std::shared_ptr<InProcessState> state, int rank,
                                                 MemoryPool& pool);
std::unique_ptr<Collective> make_in_process_collective(std::shared_ptr<InProcessState> state,
                                                       int rank, const std::vector<int>& group);

}  // namespace pipetrain
