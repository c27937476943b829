// Emulations whose ranks are threads of this process. It must not know what is emulated.
#pragma once

#include "comm/in_process.h"
#include "emulate/emulator.h"

namespace pipetrain {

// They wait as the group does, and name any message.
inline EmulationLinks links_on_threads(InProcess& group, int rank, MemoryPool& pool) {
  return {
      .pool = pool,
      .mailbox = [&group, &pool, rank](const WaitOptions&,
                                       StageNumbers) { return group.mailbox(rank, pool); },
      .collective = [&group, rank](const WaitOptions&, Mailbox*) { return group.collective(rank); },
      .check_name = [](const Message&, StageNumbers) {}};
}

}  // namespace pipetrain
