// Executes a rank's list of actions: one switch over Op, for every schedule, training and
// evaluation alike. It must not know any schedule by name, layer kinds or MPI.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "comm/mailbox.h"
#include "pipeline/embedding_passes.h"
#include "pipeline/gradient_reducer.h"
#include "pipeline/recorder.h"
#include "pipeline/stage.h"
#include "pipeline/stage_route.h"
#include "pipeline/stage_weights.h"
#include "pipeline/vocabulary_passes.h"
#include "schedule/schedule.h"

namespace pipetrain {

class Engine {
 public:
  // `stages` in ascending order, and for each its route over ranks of `mailbox`. Where replicas
  // share out the weights, the actions say when they are gathered. Where the vocabulary is over the
  // pipeline, this rank's pieces stand behind its stages: of the embedding's table, if that is cut,
  // and of the head. `ops` are for sums over all pieces.
  Engine(const std::vector<Stage*>& stages, const RankRoutes& routes, Mailbox& mailbox,
         GradientReducer& reducer, StageWeights& weights, Ops* ops = nullptr);

  // Makes room for the inputs and targets that the coordinator sends one step ahead.
  void expect_batch(const StepContext& step, const Shape& target_row);
  // Takes what expect_batch made room for, and forgets it.
  void discard_batch(const StepContext& step);
  // One step: `actions` are this rank's of a Program (schedule/program.h). Gradients are complete
  // when it returns.
  void run(const std::vector<Action>& actions, const StepContext& step, Recorder& recorder);
  // The same in pieces, where another engine of this rank runs another step between them: begin(),
  // all actions [first, end) in their order, finish(). An I of the first stage and its W are not
  // parted (is_joined() in schedule/neighbours.h).
  void begin(const std::vector<Action>& actions, const StepContext& step);
  void run_part(const std::vector<Action>& actions, std::size_t first, std::size_t end,
                const StepContext& step, Recorder& recorder);
  void finish(const StepContext& step, Recorder& recorder);

  // What the coordinator sends for forwards that may have to run again. kKept: it is copied as it
  // is taken. kHeld: the copies stay, while another step runs. kAgain: the copies are taken. kOnce:
  // there are none.
  enum class Fed : std::uint8_t { kOnce, kKept, kHeld, kAgain };
  void set_fed(Fed fed);
  // Forwards alone have run since begin(), and are to run again after another begin(): forgets them
  // and what others have sent for the next ones (ProvisionalPart in schedule/provisional.h).
  void take_back(const std::vector<Action>& unposted, const std::vector<Action>& unread,
                 const StepContext& step);

  // Of the last steps, on the rank of the last stage; else null.
  const VocabularyLoss* vocabulary_loss() const {
    return vocabulary_ && vocabulary_->ends_here() ? &vocabulary_->loss() : nullptr;
  }

  // Counts live microbatches together with `other`'s, whose stages are others of this rank.
  void count_with(Engine& other) { live_ = other.live_; }
  // The most microbatches that were live on this rank at once since the last call, in shares of a
  // rank: of each stage 1/v, where a rank has v stages on average.
  double take_peak_live_microbatches();

 private:
  struct Live {
    int now = 0, peak = 0;  // slices on any of this rank's stages
    int slices = 1;         // of a microbatch
  };
  struct Local {
    Stage* stage;
    StageRoute route;
    std::vector<Tensor> outbox;  // one per slice: a result between its computation and its sending
    // One per microbatch, of which slices take their part, or copies: what the coordinator has
    // sent.
    std::vector<Tensor> inputs = {}, targets = {}, documents = {};
    // Whether the microbatch passes through this copy of the stage.
    bool takes(int microbatch, const StepContext& step) const {
      return copy_of_microbatch(microbatch, step.microbatches, step.copies) == route.copy;
    }
  };

  Local& local(int stage);
  std::size_t place(int stage);  // among the rank's stages
  // Which of all slices of the step; of whole microbatches, which of these.
  static int slice_number(const Action& action, const StepContext& step) {
    return action.microbatch * step.slices.count() + action.slice;
  }
  // What F or I has made, until it is sent.
  Tensor& result(const Action& action, const StepContext& step) {
    return local(action.stage).outbox[static_cast<std::size_t>(slice_number(action, step))];
  }
  // From or to the rank `peer`. Those between stages are numbered by slices, the coordinator's by
  // microbatches.
  static Message message(Channel channel, int peer, int for_stage, int number,
                         const StepContext& step) {
    return {channel, peer, for_stage, number, step.parity()};
  }
  std::array<std::vector<Tensor>*, 3> kept_of(Local& l) {
    return {&l.inputs, &l.targets, &l.documents};
  }
  // What the coordinator sends with whole microbatches, or a slice's part of it.
  Tensor fed(Channel channel, std::vector<Tensor>& kept, const Action& action,
             const StepContext& step, Recorder& recorder);
  Tensor wait_for(const Message& message, const Action& action, Recorder& recorder);
  // What F takes.
  Tensor stage_input(Local& l, const Action& action, const StepContext& step, Recorder& recorder);
  void wait_for_weights(int stage, Recorder& recorder);
  void forward(const Action& action, const StepContext& step, Recorder& recorder);
  // What I takes: nothing on the last stage.
  Tensor output_gradient(const Action& action, const StepContext& step, Recorder& recorder);
  // An I and its W, `weight`, which is_joined().
  void backward(const Action& action, const Action& weight, const StepContext& step,
                Recorder& recorder);
  void recompute(const Action& action, const StepContext& step, Recorder& recorder);
  void backward_input(const Action& action, const StepContext& step, Recorder& recorder);
  void backward_weight(const Action& action, const StepContext& step, Recorder& recorder);
  bool is_piece(const Local& l) const { return &l - locals_.data() >= own_stages_; }
  bool goes_to_pieces(int stage) const { return vocabulary_ && stage == vocabulary_->last_stage(); }
  void send_forward(const Action& action, const StepContext& step);
  void post_receive(const Action& action, const StepContext& step);
  void execute(const Action& action, const StepContext& step, Recorder& recorder);

  std::vector<Local> locals_;
  std::ptrdiff_t own_stages_;  // of these; behind them are pieces of the vocabulary
  double stages_per_rank_;
  Mailbox& mailbox_;
  GradientReducer& reducer_;
  StageWeights& weights_;
  Fed fed_ = Fed::kOnce;
  std::optional<VocabularyPasses> vocabulary_;
  std::optional<EmbeddingPasses> embedding_;
  std::shared_ptr<Live> live_ = std::make_shared<Live>();
};

}  // namespace pipetrain
