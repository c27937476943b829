// The two gradients of a tied parameter, one for each use: exchanged between the ranks that have
// the uses, and added. It must not know replicas, layers or schedules.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "comm/mailbox.h"
#include "ops/matrix.h"
#include "ops/ops.h"
#include "pipeline/parameter_store.h"

namespace pipetrain {

class TiedGradients {
 public:
  // `rank_of_stage` gives the rank that owns a stage of the pipeline: where stages have two copies,
  // the copy that this rank has of the stage `near`. The others outlive it.
  // Of a table whose earlier use is a look-up, only rows that a step touched are sent and added.
  // Each of a step's `step_tokens` (of at most so many) touches one. 0: all rows go, as where other
  // replicas have touched others. `copies`: what add_up() changes is sent as a copy, so that it
  // need not wait until all messages of the rank have left, those of a next step among them.
  TiedGradients(ParameterStore& parameters, Mailbox& mailbox, Ops& ops,
                std::function<int(int stage, int near)> rank_of_stage, std::int64_t step_tokens = 0,
                bool copies = false);

  // What this rank has of the gradients goes to the rank of the other use, if it is another:
  // of the use in this stage of the pipeline, or of all uses here.
  void exchange(int stage, int parity);
  void exchange_all(int parity);
  // Waits for what others sent. Afterwards the slots hold the sums, the same bits on both ranks.
  void add_up(int parity);

 private:
  // Rows of a table and their numbers. As a message it has room for all that may be touched, and
  // numbers below 0 where that is not used.
  struct Rows {
    Tensor numbers;  // (rows) int32, each once
    Tensor entries;  // (rows, width)
  };

  bool by_rows(const TiedParameter& tied) const;
  // Where it goes by rows.
  std::int64_t most_rows(const TiedParameter& tied) const;
  std::int64_t width_of(const TiedParameter& tied) const;
  Matrix as_table(float* gradient, const TiedParameter& tied) const;
  // Of the earlier use, which is here: their numbers in ascending order, until the next call; and
  // the rows themselves.
  const std::vector<std::int32_t>& touched(const TiedParameter& tied);
  Rows picked(const TiedParameter& tied);
  void send_earlier(const TiedParameter& tied, int parity);
  void expect_earlier(const TiedParameter& tied, int parity);
  void add_earlier(const TiedParameter& tied);  // which is here, to the slot
  void add_received(const TiedParameter& tied, int parity);

  ParameterStore& parameters_;
  Mailbox& mailbox_;
  Ops& ops_;
  std::function<int(int stage, int near)> rank_of_stage_;
  std::int64_t step_tokens_;
  bool copies_;
  std::vector<std::int32_t> numbers_;  // of touched(): of this step, once they were sent
};

}  // namespace pipetrain
