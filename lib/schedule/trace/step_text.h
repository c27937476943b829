// What one rank did in a traced step as text, to send it to the rank that writes the trace. It must
// not know how it is sent.
#pragma once

#include <string>
#include <vector>

#include "schedule/trace/traced_step.h"

namespace pipetrain {

std::string rank_text(const std::vector<Span>& spans, const std::vector<OtherWork>& other_work);

// All ranks' parts of one step, in the ranks' order.
TracedStep step_of_texts(int step, const std::vector<std::string>& texts);

double earliest(const TracedStep& step);  // start of anything
void shift(TracedStep& step, double seconds);

}  // namespace pipetrain
