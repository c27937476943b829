// Chrome trace events beside the spans: arrows from a result to what needs it, and counters of what
// a rank holds. Only chrome_trace.cpp includes this. It must not know how a trace is written.
//
// "Trace Event Format", Google 2016: phases "s" and "f" are a flow's two ends, "C" is a counter.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "schedule/timeline.h"

namespace pipetrain::trace {

using Json = nlohmann::ordered_json;

// Microseconds with three decimals: whole nanoseconds, which is what viewers keep.
double microseconds(double seconds);

// An arrow for each message: from the F, I or B that makes a result to the one on another rank that
// takes it. Ranks that run the same actions (replicas) are paired in their order. Numbers go up
// from `next_id`, which is left behind the last.
std::vector<Json> flow_events(const Timeline& timeline, std::int64_t& next_id);

// Of each rank the live microbatches, from an F to the end of its W, in shares of the rank's v
// stages: what its activations take, counted in microbatches. Where it was measured, also the bytes
// of its tensors at the end of each action.
std::vector<Json> counter_events(const Timeline& timeline);

}  // namespace pipetrain::trace
