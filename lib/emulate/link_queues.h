// When each link of an emulated network is free again, known to all ranks of a host: what one of
// them sends makes the others wait. It must not know who sends over which link.
#pragma once

#include <cstddef>

#include "comm/collective.h"

namespace pipetrain {

// Memory that the ranks share, by one clock. It is gone when the last of them leaves it.
class LinkQueues {
 public:
  // Collective. Error(kConfiguration), on all ranks, if memory cannot be shared.
  LinkQueues(std::size_t count, Collective& collective);
  ~LinkQueues();
  LinkQueues(const LinkQueues&) = delete;
  LinkQueues& operator=(const LinkQueues&) = delete;

  // Takes the link for `seconds` as soon as it is free, from `now` on; returns until when.
  double take(std::size_t queue, double now, double seconds);

 private:
  std::size_t bytes_;
  void* memory_ = nullptr;
};

}  // namespace pipetrain
