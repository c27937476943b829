#include "train/time_uses.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace pipetrain {
namespace {

constexpr std::array kNames = {"forward",
                               "backward input",
                               "backward weight",
                               "recompute",
                               "vocabulary",
                               "wait for data",
                               "wait for activations",
                               "wait for gradients",
                               "wait for weights",
                               "wait for sums",
                               "reduce",
                               "update",
                               "gather",
                               "feed",
                               "rest"};

// A wait is named by the action that cannot run yet.
TimeUse use_of(const Span& span) {
  switch (span.action.op) {
    case Op::kForward:
      if (!span.waiting) return TimeUse::kForward;
      return span.action.stage == 0 ? TimeUse::kWaitData : TimeUse::kWaitActivations;
    case Op::kBackwardInput:
      return span.waiting ? TimeUse::kWaitGradients : TimeUse::kBackwardInput;
    case Op::kBackwardWeight: return TimeUse::kBackwardWeight;
    case Op::kRecompute: return TimeUse::kRecompute;
    case Op::kEmbeddingForward:
    case Op::kVocabularyForward:
      return span.waiting ? TimeUse::kWaitActivations : TimeUse::kVocabulary;
    case Op::kEmbeddingBackward:
    case Op::kVocabularyBackward:
      return span.waiting ? TimeUse::kWaitGradients : TimeUse::kVocabulary;
    case Op::kUnshard: return TimeUse::kWaitWeights;
    case Op::kReduceGrad: return TimeUse::kWaitSums;
    default: return TimeUse::kRest;
  }
}

TimeUse use_of(const OtherWork& work) {
  const std::string_view name = work.name;
  if (name == "reduce") return TimeUse::kReduce;
  if (name == "update") return TimeUse::kUpdate;
  return name == "gather" ? TimeUse::kGather : TimeUse::kRest;
}

}  // namespace

void TimeUses::add(const Recorder& recorder, double feed_seconds, double step_seconds) {
  double known = feed_seconds;
  const auto take = [&](TimeUse use, double seconds) {
    at(use) += seconds;
    known += seconds;
  };
  for (const Span& span : recorder.spans()) take(use_of(span), span.end - span.start);
  for (const OtherWork& work : recorder.other_work()) take(use_of(work), work.end - work.start);
  at(TimeUse::kFeed) += feed_seconds;
  at(TimeUse::kRest) += std::max(0.0, step_seconds - known);
}

nlohmann::ordered_json TimeUses::json() const {
  nlohmann::ordered_json made = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (seconds_[i] > 0) made[kNames[i]] = seconds_[i];
  }
  return made;
}

TimeUses TimeUses::of_json(const nlohmann::json& json) {
  TimeUses uses;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    uses.seconds_[i] = json.value(kNames[i], 0.0);
  }
  return uses;
}

}  // namespace pipetrain
