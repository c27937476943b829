// What a rank does and sends where the embedding's table is over the pipeline: the look-up of its
// own rows and their gradients, and how both pass from piece to piece. The Engine's, which says
// when. It must not know schedules, layer kinds or MPI.
#pragma once

#include <cstddef>
#include <vector>

#include "comm/mailbox.h"
#include "pipeline/recorder.h"
#include "pipeline/stage.h"
#include "schedule/schedule.h"

namespace pipetrain {

class EmbeddingPasses {
 public:
  // `chain`: the pieces' ranks of the mailbox, as embedding_chain() has them; this is one of them.
  // `piece` is a stage of one layer, with a number behind the last stage's.
  EmbeddingPasses(const std::vector<int>& chain, Stage& piece, Mailbox& mailbox, MemoryPool& pool);

  void begin(const StepContext& step);
  // Room for the ids that the coordinator sends, which every piece needs; and their end.
  void expect_ids(const StepContext& step);
  void discard_ids(const StepContext& step);

  // RECV_EMBED_F, EMBED_F, RECV_EMBED_B and EMBED_B. EMBED_* send on what they have made.
  void post_forward(int microbatch, const StepContext& step);
  void forward(const Action& action, const StepContext& step, Recorder& recorder);
  void post_backward(int microbatch, const StepContext& step);
  void backward(const Action& action, const StepContext& step, Recorder& recorder);

  // On the first stage's rank: what its F begins with, and what its I has made.
  Tensor take_rows(int microbatch);
  void give_gradient(int microbatch, Tensor dx);

 private:
  // From or to the rank so many places further from the first stage.
  Message message(Channel channel, int further, int microbatch, const StepContext& step) const;
  Message ids_message(int microbatch, const StepContext& step) const;
  Shape row_shape(int microbatch, const StepContext& step) const {  // (B, T, C)
    return piece_.input_shape(step.rows_of(microbatch));
  }
  Tensor take(const Message& message, const Action& action, Recorder& recorder);
  Tensor zeros(const Shape& shape);
  bool is_first() const { return hop_ == 0; }
  bool is_last() const { return hop_ + 1 == chain_.size(); }

  std::vector<int> chain_;
  std::size_t hop_ = 0;  // this rank's place in it
  Stage& piece_;
  Mailbox& mailbox_;
  MemoryPool& pool_;
  // By microbatch, on the first stage's rank: from EMBED_F to F, and from I to EMBED_B.
  std::vector<Tensor> rows_, gradients_;
};

}  // namespace pipetrain
