// Trains on ranks that are threads of one process, fed one step ahead as the trainer does. It must
// not know MPI, files or logging.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "comm/in_process.h"
#include "train/pipeline_rank.h"

namespace pipetrain {

// The same rows in every training step, or passed over in steps of the batch size, and again as the
// validation split.
class FixedSource : public Source {
 public:
  // inputs and targets (rows, tokens)
  FixedSource(std::vector<std::int32_t> inputs, std::vector<std::int32_t> targets,
              std::int64_t tokens, int vocabulary);
  // Made-up rows.
  static FixedSource counting(std::int64_t rows, std::int64_t tokens, int vocabulary);

  void pass_over_rows(bool passes = true) { training_rows_ = passes ? validation_rows() : 0; }

  Shape input_shape() const override { return {tokens_}; }
  Shape target_shape() const override { return {tokens_}; }
  int vocabulary() const override { return vocabulary_; }
  std::string description() const override { return "fixed rows"; }
  nlohmann::json tokenizer() const override;
  std::int64_t training_rows() const override { return training_rows_; }
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override;
  std::int64_t validation_rows() const override;
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override;

 private:
  std::vector<std::int32_t> inputs_, targets_;
  std::int64_t tokens_;
  std::int64_t training_rows_ = 0;
  int vocabulary_;
};

using Weights = std::map<std::string, std::vector<float>>;  // by global name

// One rank, in its own thread.
class RankThread {
 public:
  RankThread(const Config& config, const Source& source, InProcess& group, int rank);

  int rank() const { return mailbox_->rank(); }
  PipelineRank& pipeline() { return pipeline_; }
  MemoryPool& pool() { return pool_; }
  Collective& collective() { return *collective_; }

  // Steps first, ..., end - 1, the batch of each sent before the step ahead of it runs; `after`
  // sees each result, equal on all ranks.
  void train(std::int64_t first, std::int64_t end,
             const std::function<void(std::int64_t step, const StepResult&)>& after = {});
  // The loss summed over the source's validation rows, in batches of the training size.
  double evaluate();
  // The values or gradients of the parameters that this rank owns.
  Weights owned_values();
  Weights owned_gradients();

 private:
  void feed(const StepContext& step, std::int64_t first_row);
  Weights owned(Tensor StageParameters::*buffer);

  const Config& config_;
  const Source& source_;
  MemoryPool pool_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<Collective> collective_;
  PipelineRank pipeline_;
  std::unique_ptr<Coordinator> coordinator_;
};

// Runs `body` on every rank, each with one OpenMP thread. Catch's macros are for one thread: a body
// keeps what it finds, or throws.
void run_ranks(const Config& config, const Source& source, int ranks,
               const std::function<void(RankThread&)>& body);

}  // namespace pipetrain
