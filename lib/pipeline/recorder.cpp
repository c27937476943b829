#include "pipeline/recorder.h"

#include <cstddef>

namespace pipetrain {
void Recorder::begin(std::size_t expected) {
  spans_.clear();
  spans_.reserve(expected);
  other_work_.clear();
  first_microbatch_ = 0;
  origin_ = wall_seconds();
}

}  // namespace pipetrain
