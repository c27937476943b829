// Whether the communication that a table lists fits its computation: messages, reductions, the
// gathering of sharded weights. It must not know how tables are read, nor change them: what ranks
// execute is made by program_of() from the computation alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

struct MessageFault {
  int rank = 0;
  std::size_t position = 0;  // in the rank's row
  std::string why;
};

// The first action of `rows`, each a rank's, that contradicts the computation, which is the valid
// `schedule`. A table without communication is right. One with any message has the SEND and the
// RECV of every result that goes to another rank, as lower() would make them: a SEND after its F, I
// or B, a RECV before the action that needs it. A message of a rank to itself may be left out. The
// same holds for REDUCE_GRAD, after a stage's last backward; and a stage that has UNSHARD computes
// between it and RESHARD alone.
std::optional<MessageFault> message_fault(const Schedule& schedule,
                                          const std::vector<std::vector<Action>>& rows);

}  // namespace pipetrain
