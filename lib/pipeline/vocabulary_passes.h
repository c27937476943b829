// What a rank does and sends where the vocabulary is over the pipeline: S and T of its own piece,
// and on the last stage's rank all that goes to the pieces and comes from them. The Engine's, which
// says when. It must not know schedules, what a piece computes with or MPI.
#pragma once

#include <string>
#include <vector>

#include "comm/mailbox.h"
#include "pipeline/recorder.h"
#include "pipeline/stage.h"
#include "pipeline/stage_route.h"
#include "pipeline/vocabulary_loss.h"
#include "schedule/schedule.h"

namespace pipetrain {

class VocabularyPasses {
 public:
  // `ranks` are of the mailbox. `piece` is a stage of one layer, with a number behind the last
  // stage's; `ops` are for sums on the last stage's rank.
  VocabularyPasses(VocabularyRanks ranks, Stage& piece, Mailbox& mailbox, Ops& ops);

  void begin(const StepContext& step);
  // Room for the targets that the coordinator sends, which every piece needs; and their end.
  void expect_targets(const StepContext& step, const Shape& target_row);
  void discard_targets(const StepContext& step);

  // RECV_S, S, RECV_T and T of this rank's piece. S sends what it has made; where pieces wait
  // twice, to all of them, and T its part of the gradient before it makes that of the weights.
  void post_forward(int microbatch, const StepContext& step);
  void forward(const Action& action, const StepContext& step, Recorder& recorder);
  void post_backward(int microbatch, const StepContext& step);
  void backward(const Action& action, const StepContext& step, Recorder& recorder);

  // On the last stage's rank: its SEND_F, its RECV_B, and what its I begins with, which sends the
  // totals to all pieces unless T has come before it.
  void send_activations(int microbatch, Tensor y, const StepContext& step);
  void post_results(int microbatch, const StepContext& step);
  Tensor output_gradient(const Action& action, const StepContext& step, Recorder& recorder);
  // In evaluation after all S.
  void finish_evaluation(const StepContext& step);

  int last_stage() const { return ranks_.last_stage; }
  bool ends_here() const { return mailbox_.rank() == ranks_.last_rank; }
  const VocabularyLoss& loss() const { return loss_; }  // on the last stage's rank

 private:
  Message message(Channel channel, int peer, int microbatch, const StepContext& step) const {
    return {channel, peer, ranks_.last_stage, microbatch, step.parity()};
  }
  Shape input_shape(int microbatch, const StepContext& step) const {
    return piece_.input_shape(step.rows_of(microbatch));
  }
  Tensor take(const Message& message, const Action& action, Recorder& recorder);
  void backward_with_gradient(const Action& action, const StepContext& step, Recorder& recorder);
  void send_to_pieces(Channel channel, int microbatch, Tensor tensor, const StepContext& step);
  // From each piece.
  void post_from_pieces(Channel channel, int microbatch, const Shape& shape,
                        const StepContext& step);
  std::vector<Tensor> take_from_pieces(Channel channel, int microbatch, const StepContext& step,
                                       const std::string& needed_by);
  bool waits_twice(const StepContext& step) const {
    return ranks_.waits_twice && step.mode == Mode::kTrain;
  }

  VocabularyRanks ranks_;
  Stage& piece_;
  Mailbox& mailbox_;
  Ops& ops_;
  VocabularyLoss loss_;  // of the step on the last stage's rank; on others it means nothing
};

}  // namespace pipetrain
