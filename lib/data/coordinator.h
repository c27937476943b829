// The coordinator, a role of rank 0: reads each microbatch and sends its inputs to the first stage
// of its replica and its targets to the last, of the copy that it passes through. It must not know
// layers, schedules or MPI.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/mailbox.h"
#include "data/source.h"
#include "tensor/tensor.h"

namespace pipetrain {

// Which rows make up the microbatches of one step.
struct BatchRows {
  bool training = true;
  std::int64_t pass = 0;       // of training: an epoch, or of drawn rows the step
  std::int64_t first_row = 0;  // where in the pass, or in the validation split, this batch begins
  int parity = 0;
  std::vector<std::vector<std::int64_t>> microbatch_rows;  // of each replica, one after the other
  // Which copy of the stages each of a replica's microbatches passes through; empty: the first.
  std::vector<int> copies = {};
};

// The ranks of a pipeline that its data goes to: those that share the first and the last stage, and
// if rows hold documents that do not see each other, those of each stage.
struct PipelineEnds {
  std::vector<int> first_ranks, last_ranks;
  std::vector<std::vector<int>> stage_ranks = {};
};

class Coordinator {
 public:
  // `replicas`: the ends of each; where stages have two copies, of the first and the second.
  Coordinator(const Source& source, Mailbox& mailbox, MemoryPool& pool,
              std::vector<PipelineEnds> replicas, int last_stage);

  // Reads and sends every microbatch of the batch; returns when all are on their way. Error(kData)
  // if rows cannot be read.
  void feed(const BatchRows& batch);
  // The same, but returns why rows cannot be read, or nothing. Then zeros are on their way, so that
  // no rank waits for ever; what comes of the batch must not be used.
  [[nodiscard]] std::string feed_or_reason(const BatchRows& batch);
  double seconds() const { return seconds_; }  // spent in feed() so far

 private:
  void send(const BatchRows& batch, const PipelineEnds& ends, int microbatch, std::int64_t row,
            std::int64_t rows);
  void read(const BatchRows& batch, std::int64_t row, Tensor& inputs, Tensor& targets);
  // Where documents begin; of rows with one label, where the text ends and the filling begins.
  void send_documents(const BatchRows& batch, const PipelineEnds& ends, int microbatch,
                      const Tensor& inputs, const Tensor& targets);
  void send_to_all(const std::vector<int>& ranks, Message message, Tensor&& tensor);

  const Source& source_;
  Mailbox& mailbox_;
  MemoryPool& pool_;
  std::vector<PipelineEnds> replicas_;
  int last_stage_;
  double seconds_ = 0;
  std::string lost_;  // why rows of this batch could not be read
};

}  // namespace pipetrain
