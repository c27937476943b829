#include "schedule/lower.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "schedule/neighbours.h"

namespace pipetrain {
namespace {

// The message that `action` consumes, as its receiver posts it.
std::optional<Action> receive_for(const Schedule& schedule, const Action& action) {
  if (action.op == Op::kForward && action.stage > 0) {
    return action.as(Op::kReceiveForward);
  }
  const bool takes_gradient =
      action.stage + 1 < schedule.stage_count() || schedule.cuts_vocabulary();
  if (action.op == Op::kBackwardInput && takes_gradient) {
    return action.as(Op::kReceiveBackward);
  }
  if (action.op == Op::kVocabularyForward) {
    return action.as(Op::kReceiveVocabularyForward);
  }
  if (action.op == Op::kVocabularyBackward) {
    return action.as(Op::kReceiveVocabularyBackward);
  }
  return std::nullopt;
}

std::optional<Action> send_after(const Schedule& schedule, const Action& action) {
  const bool sends_forward =
      action.stage + 1 < schedule.stage_count() || schedule.cuts_vocabulary();
  if (action.op == Op::kForward && sends_forward) {
    return action.as(Op::kSendForward);
  }
  if (action.op == Op::kBackwardInput && action.stage > 0) {
    return action.as(Op::kSendBackward);
  }
  return std::nullopt;
}

std::vector<Action> lower_rank(const Schedule& schedule, const std::vector<Action>& compute,
                               std::size_t receive_ahead) {
  std::vector<int> weights_left(static_cast<std::size_t>(schedule.stage_count()), 0);
  for (const Action& action : compute) {
    if (action.op == Op::kBackwardWeight) ++weights_left[static_cast<std::size_t>(action.stage)];
  }
  std::vector<Action> lowered;
  lowered.reserve(compute.size() * 2);
  std::size_t posted = 0;  // receives of compute[0, posted) stand in `lowered`
  for (std::size_t i = 0; i < compute.size(); ++i) {
    const bool joined = i > 0 && is_joined(compute, i - 1);  // nothing comes between
    for (; !joined && posted < std::min(compute.size(), i + receive_ahead + 1); ++posted) {
      if (const auto receive = receive_for(schedule, compute[posted])) lowered.push_back(*receive);
    }
    lowered.push_back(compute[i]);
    if (const auto send = send_after(schedule, compute[i])) lowered.push_back(*send);
    if (compute[i].op == Op::kBackwardWeight &&
        --weights_left[static_cast<std::size_t>(compute[i].stage)] == 0) {
      lowered.push_back({Op::kReduceGrad, compute[i].stage, 0});
    }
  }
  return lowered;
}

}  // namespace

Schedule split_backward(const Schedule& schedule) {
  Schedule split = schedule;
  for (auto& actions : split.ranks) {
    std::vector<Action> parts;
    parts.reserve(actions.size() * 3 / 2);
    for (const Action& action : actions) {
      if (action.op == Op::kBackward) {
        parts.push_back(action.as(Op::kBackwardInput));
        parts.push_back(action.as(Op::kBackwardWeight));
      } else {
        parts.push_back(action);
      }
    }
    actions = std::move(parts);
  }
  return split;
}

Schedule add_recompute(const Schedule& schedule, const std::vector<bool>& recomputes) {
  Schedule recomputing = schedule;
  for (auto& actions : recomputing.ranks) {
    std::vector<Action> all;
    all.reserve(actions.size() * 3 / 2);
    for (const Action& action : actions) {
      if (sends_gradient(action.op) && recomputes[static_cast<std::size_t>(action.stage)] &&
          (all.empty() || !leaves_activations(all.back(), action))) {
        all.push_back(action.as(Op::kRecompute));
      }
      all.push_back(action);
    }
    actions = std::move(all);
  }
  return recomputing;
}

Schedule lower(const Schedule& schedule, int receive_ahead) {
  Schedule lowered = split_backward(schedule);
  for (auto& actions : lowered.ranks) {
    actions = lower_rank(lowered, actions, static_cast<std::size_t>(std::max(receive_ahead, 0)));
  }
  return lowered;
}

}  // namespace pipetrain
