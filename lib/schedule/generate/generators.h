// The generators behind generate(), one function for each schedule; generate.cpp has checked the
// sizes. Only generate.cpp calls these.
#pragma once

#include "schedule/schedule.h"

namespace pipetrain::generators {

Schedule gpipe(int ranks, int virtual_stages, int microbatches);
Schedule one_forward_one_backward(int ranks, int virtual_stages, int microbatches);

// Whether M microbatches make rounds of one size, of about p each; interleaved ones demand it.
bool has_equal_rounds(int ranks, int microbatches);
Schedule interleaved(int ranks, int virtual_stages, int microbatches);
Schedule looped_breadth_first(int ranks, int virtual_stages, int microbatches);
Schedule zb_h1(int ranks, int virtual_stages, int microbatches);
Schedule interleaved_zero_bubble(int ranks, int virtual_stages, int microbatches);

Schedule zbv(int ranks, int virtual_stages, int microbatches);
Schedule dualpipev(int ranks, int virtual_stages, int microbatches);  // M >= 2p
Schedule v_half(int ranks, int virtual_stages, int microbatches);
Schedule v_min(int ranks, int virtual_stages, int microbatches);

}  // namespace pipetrain::generators
