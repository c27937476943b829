// Where a rank's time went: seconds of training steps by what the rank did, or waited for. It must
// not know how a step is run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "pipeline/recorder.h"

namespace pipetrain {

enum class TimeUse : std::uint8_t {
  kForward,
  kBackwardInput,
  kBackwardWeight,
  kRecompute,
  kVocabulary,  // S, T, EMBED_F and EMBED_B
  kWaitData,
  kWaitActivations,
  kWaitGradients,
  kWaitWeights,
  kWaitSums,
  kReduce,
  kUpdate,
  kGather,
  kFeed,
  kRest,
};

class TimeUses {
 public:
  // What was recorded of a step of so many seconds, and how long feeding the next one took.
  void add(const Recorder& recorder, double feed_seconds, double step_seconds);
  double of(TimeUse use) const { return seconds_[static_cast<std::size_t>(use)]; }

  // {"forward": 1.5, ...} of what is not 0, in the order above; and back.
  nlohmann::ordered_json json() const;
  static TimeUses of_json(const nlohmann::json& json);

 private:
  double& at(TimeUse use) { return seconds_[static_cast<std::size_t>(use)]; }

  std::array<double, static_cast<std::size_t>(TimeUse::kRest) + 1> seconds_ = {};
};

}  // namespace pipetrain
