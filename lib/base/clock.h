// The two clocks that times are taken with. It must not know what is timed.
#pragma once

namespace pipetrain {

// Seconds since an arbitrary start, the same for all processes of a host; and the processor time of
// this process.
double wall_seconds();
double cpu_seconds();

}  // namespace pipetrain
