// The forwards of a step that run before it is known whether the update before them stands
// (post-validation, Qi et al. 2024, arXiv 2401.10241, section 4), and what to do with them if it
// does not. Pure; it must not know weights, norms or who runs it.
#pragma once

#include <cstddef>
#include <vector>

#include "schedule/program.h"

namespace pipetrain {

// Of one rank's list of a step.
struct ProvisionalPart {
  // Actions [0, end) run on weights that may be taken back: forwards, and what posts and sends.
  std::size_t end = 0;
  // Taken back, what other ranks have sent to it by then and it has not used: receives that are not
  // posted yet, and all that are then to be emptied (kReceiveForward each).
  std::vector<Action> unposted, unread;
  // What runs in place of [0, end) the second time: receives of what nobody has sent by then are
  // posted still.
  std::vector<Action> again;
};

// For each rank. A rank's part ends before its first backward, and before it needs what another
// rank makes behind its own part: so all ranks come to the ends of their parts, whatever each does
// there.
std::vector<ProvisionalPart> provisional_parts(const Program& program);

}  // namespace pipetrain
