// From compute actions to what a rank executes: messages, gradients sent first, reductions.
// Pure; it must not know how a message travels.
#pragma once

#include <vector>

#include "schedule/limits.h"
#include "schedule/schedule.h"

namespace pipetrain {

// B becomes I, SEND_B, W (input gradients leave first). A result for a stage on another rank or on
// this one is followed by its SEND; each RECEIVE is placed `receive_ahead` compute actions before
// the action that needs it (or at the start), but never between an I and a W that
// is_joined() makes one. REDUCE_GRAD follows each stage's last W. A stage's
// first and last neighbours are the model's ends: no messages there. A forward-only schedule has no
// SEND_B, RECEIVE_B or REDUCE_GRAD. With the vocabulary over the pipeline the last stage's SEND_F
// is to all pieces and its RECEIVE_B from them; S and T have RECV_S and RECV_T, and what S makes
// leaves with it.
Schedule lower(const Schedule& schedule, int receive_ahead = kReceiveAhead);

// A B is replaced by I and W, each a separate action; nothing else changes.
Schedule split_backward(const Schedule& schedule);

// Puts R before each I or B of the stages for which `recomputes` is true, except where the
// microbatch's F (or R) stands directly before it: there forgetting would gain nothing. R does not
// need the gradient, so it runs while that is still on its way. Lowering keeps R where it stands.
Schedule add_recompute(const Schedule& schedule, const std::vector<bool>& recomputes);

}  // namespace pipetrain
