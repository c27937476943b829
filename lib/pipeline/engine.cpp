#include "pipeline/engine.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <string>
#include <utility>

#include "schedule/neighbours.h"

namespace pipetrain {
Engine::Engine(const std::vector<Stage*>& stages, const RankRoutes& routes, Mailbox& mailbox,
               GradientReducer& reducer, StageWeights& weights, Ops* ops)
    : own_stages_(static_cast<std::ptrdiff_t>(routes.stages.size())),
      stages_per_rank_(routes.stages_per_rank),
      mailbox_(mailbox),
      reducer_(reducer),
      weights_(weights) {
  for (Stage* stage : stages) {
    const std::size_t place = locals_.size();
    stage->set_poll([this] {
      mailbox_.poll();
      reducer_.poll();
      weights_.poll();
    });
    stage->set_around_weights(
        {.before = [this, place](std::size_t layer) { reducer_.before_weights(place, layer); },
         .after =
             [this, place](std::size_t layer, bool last_microbatch) {
               reducer_.after_weights(place, layer, last_microbatch);
             },
         .takes_each_microbatch = reducer_.takes_each_microbatch()});
    const bool is_piece = place >= routes.stages.size();
    locals_.push_back({stage, is_piece ? StageRoute() : routes.stages.at(place), {}});
  }
  if (routes.vocabulary.pieces.empty()) return;
  vocabulary_.emplace(routes.vocabulary, *stages.back(), mailbox, *ops);
  if (routes.vocabulary.chain.empty()) return;
  embedding_.emplace(routes.vocabulary.chain, *stages[routes.stages.size()], mailbox, ops->pool());
  if (stages.front()->first()) stages.front()->hand_on_input_gradient();
}

std::size_t Engine::place(int stage) {
  const auto found = std::find_if(locals_.begin(), locals_.end(),
                                  [&](const Local& l) { return l.stage->index() == stage; });
  assert(found != locals_.end());
  return static_cast<std::size_t>(found - locals_.begin());
}

Engine::Local& Engine::local(int stage) { return locals_[place(stage)]; }

void Engine::run(const std::vector<Action>& actions, const StepContext& step, Recorder& recorder) {
  recorder.begin(3 * actions.size());
  live_->now = 0;
  begin(actions, step);
  run_part(actions, 0, actions.size(), step, recorder);
  finish(step, recorder);
}

void Engine::begin(const std::vector<Action>& actions, const StepContext& step) {
  for (Local& l : locals_) {
    int taken = 0;
    for (int m = 0; m < step.microbatches; ++m) taken += l.takes(m, step) ? 1 : 0;
    l.stage->begin(step, taken);
    const auto microbatches = static_cast<std::size_t>(step.microbatches);
    const auto grow = [](std::vector<Tensor>& tensors, std::size_t count) {
      if (tensors.size() < count) tensors.resize(count);
    };
    grow(l.outbox, microbatches * static_cast<std::size_t>(step.slices.count()));
    for (auto* kept : kept_of(l)) grow(*kept, microbatches);
  }
  if (step.mode == Mode::kTrain) live_->slices = step.slices.count();
  Apart apart;
  for (const Action& action : actions) {
    if (is_compute(action.op) && apart.passes(action)) {
      local(action.stage).stage->forget_after_forward({action.microbatch, action.slice});
    }
  }
  if (vocabulary_) vocabulary_->begin(step);
  if (embedding_) embedding_->begin(step);
  weights_.begin();
  if (step.mode == Mode::kTrain) reducer_.begin();
}

void Engine::run_part(const std::vector<Action>& actions, std::size_t first, std::size_t end,
                      const StepContext& step, Recorder& recorder) {
  for (std::size_t i = first; i < end; ++i) {
    if (is_joined(actions, i)) {
      backward(actions[i], actions[i + 1], step, recorder);
      ++i;
    } else {
      execute(actions[i], step, recorder);
    }
  }
}

void Engine::finish(const StepContext& step, Recorder& recorder) {
  if (vocabulary_) vocabulary_->finish_evaluation(step);
  if (step.mode == Mode::kTrain) {
    recorder.record({Op::kReduceGrad, 0, 0}, true, [&] { reducer_.finish(step.parity()); });
  }
}

double Engine::take_peak_live_microbatches() {
  return std::exchange(live_->peak, 0) / (stages_per_rank_ * live_->slices);
}

void Engine::execute(const Action& action, const StepContext& step, Recorder& recorder) {
  const Op op = action.op;
  const int stage = action.stage, microbatch = action.microbatch;
  if (is_compute(op) && !is_of_piece(op)) wait_for_weights(stage, recorder);
  switch (op) {
    case Op::kForward: return forward(action, step, recorder);
    case Op::kRecompute: return recompute(action, step, recorder);
    case Op::kBackwardInput: return backward_input(action, step, recorder);
    case Op::kBackwardWeight: return backward_weight(action, step, recorder);
    case Op::kVocabularyForward: return vocabulary_->forward(action, step, recorder);
    case Op::kVocabularyBackward: return vocabulary_->backward(action, step, recorder);
    case Op::kSendForward: return send_forward(action, step);
    case Op::kSendBackward:
      return mailbox_.send(message(Channel::kGradient, local(stage).route.below, stage - 1,
                                   slice_number(action, step), step),
                           std::move(result(action, step)));
    case Op::kReceiveForward:
    case Op::kReceiveBackward: return post_receive(action, step);
    case Op::kReceiveVocabularyForward: return vocabulary_->post_forward(microbatch, step);
    case Op::kReceiveVocabularyBackward: return vocabulary_->post_backward(microbatch, step);
    case Op::kEmbeddingForward: return embedding_->forward(action, step, recorder);
    case Op::kEmbeddingBackward: return embedding_->backward(action, step, recorder);
    case Op::kReceiveEmbeddingForward: return embedding_->post_forward(microbatch, step);
    case Op::kReceiveEmbeddingBackward: return embedding_->post_backward(microbatch, step);
    case Op::kReduceGrad: return reducer_.stage_done(stage, step.parity());
    case Op::kUnshard: return weights_.unshard(place(stage));
    case Op::kReshard: return weights_.reshard(place(stage));
    case Op::kBackward: break;
  }
  assert(!"lower() leaves no B");
}

void Engine::forward(const Action& action, const StepContext& step, Recorder& recorder) {
  const int index = action.stage;
  const MicrobatchSlice part(action.microbatch, action.slice);
  Local& l = local(index);
  Tensor x = stage_input(l, action, step, recorder);
  Tensor targets;
  if (l.stage->last()) targets = fed(Channel::kTarget, l.targets, action, step, recorder);
  if (step.documents) {
    l.stage->take_documents(part, fed(Channel::kDocuments, l.documents, action, step, recorder));
  }
  if (step.mode == Mode::kTrain) live_->peak = std::max(live_->peak, ++live_->now);
  recorder.record(action, false, [&] {
    result(action, step) = l.stage->forward(step, part, std::move(x), std::move(targets));
  });
}

void Engine::recompute(const Action& action, const StepContext& step, Recorder& recorder) {
  Local& l = local(action.stage);
  recorder.record(action, false,
                  [&] { l.stage->recompute(step, {action.microbatch, action.slice}); });
}

Tensor Engine::output_gradient(const Action& action, const StepContext& step, Recorder& recorder) {
  const int index = action.stage;
  if (goes_to_pieces(index)) return vocabulary_->output_gradient(action, step, recorder);
  const Local& l = local(index);
  if (l.stage->last()) return {};  // its loss has kept it
  return wait_for(
      message(Channel::kGradient, l.route.above, index, slice_number(action, step), step), action,
      recorder);
}

void Engine::backward_input(const Action& action, const StepContext& step, Recorder& recorder) {
  Local& l = local(action.stage);
  Tensor dy = output_gradient(action, step, recorder);
  recorder.record(action, false, [&] {
    result(action, step) =
        l.stage->backward_input(step, {action.microbatch, action.slice}, std::move(dy));
  });
  if (embedding_ && l.stage->first()) {
    embedding_->give_gradient(action.microbatch, std::move(result(action, step)));
  }
}

void Engine::backward(const Action& action, const Action& weight, const StepContext& step,
                      Recorder& recorder) {
  wait_for_weights(action.stage, recorder);
  Tensor dy = output_gradient(action, step, recorder);
  Tensor dx;
  recorder.record_alternating(action, weight, [&](const auto& pass) {
    dx = local(action.stage)
             .stage->backward(step, {action.microbatch, action.slice}, std::move(dy), pass);
  });
  if (embedding_) embedding_->give_gradient(action.microbatch, std::move(dx));
  --live_->now;
}

void Engine::backward_weight(const Action& action, const StepContext& step, Recorder& recorder) {
  Local& l = local(action.stage);
  recorder.record(action, false,
                  [&] { l.stage->backward_weight(step, {action.microbatch, action.slice}); });
  --live_->now;
}

}  // namespace pipetrain
