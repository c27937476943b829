// Trains on ranks that are threads of one process, fed one step ahead as the trainer does. It must
// not know MPI, files or logging.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "comm/in_process.h"
#include "setup/pipeline_rank.h"

namespace pipetrain {

struct FixedRows {
  Shape input_row, target_row;        // (T) or (H, W, C); (T) or () for labels
  std::vector<std::int32_t> tokens;   // of all rows, or ...
  std::vector<float> pixels;          // ... these
  std::vector<std::int32_t> targets;  // of all rows
  int vocabulary = 0, classes = 0;
};

// The same rows in every training step, or passed over in steps of the batch size, and again as the
// validation split.
class FixedSource : public Source {
 public:
  explicit FixedSource(FixedRows rows) : rows_(std::move(rows)) {}
  // Made-up rows of a language model; of images with labels.
  static FixedSource counting(std::int64_t rows, std::int64_t tokens, int vocabulary);
  static FixedSource images(std::int64_t rows, const Shape& row, int classes);

  void pass_over_rows(bool passes = true) { training_rows_ = passes ? validation_rows() : 0; }

  Shape input_shape() const override { return rows_.input_row; }
  DType input_dtype() const override {
    return rows_.pixels.empty() ? DType::kInt32 : DType::kFloat32;
  }
  Shape target_shape() const override { return rows_.target_row; }
  int vocabulary() const override { return rows_.vocabulary; }
  int classes() const override { return rows_.classes; }
  std::string description() const override { return "fixed rows"; }
  nlohmann::json tokenizer() const override;
  std::int64_t training_rows() const override { return training_rows_; }
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override;
  std::int64_t validation_rows() const override;
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override;

 private:
  FixedRows rows_;
  std::int64_t training_rows_ = 0;
};

using Weights = std::map<std::string, std::vector<float>>;  // by global name

// One rank, in its own thread.
class RankThread {
 public:
  RankThread(const Config& config, const Source& source, InProcess& group, int rank);

  int rank() const { return mailbox_->rank(); }
  bool first_replica() const { return pipeline_.map.position().data == 0; }
  PipelineRank& pipeline() { return pipeline_; }
  MemoryPool& pool() { return pool_; }
  Collective& collective() { return *collective_; }
  Coordinator& coordinator() { return *coordinator_; }  // on rank 0
  const GridLinks& links() const { return links_; }

  // Steps first, ..., end - 1, the batch of each sent before the step ahead of it runs; `after`
  // sees each result, equal on all ranks.
  void train(std::int64_t first, std::int64_t end,
             const std::function<void(std::int64_t step, const StepResult&)>& after = {});
  // Feeds a step's batch once more.
  void again(std::int64_t step) { feed(pipeline_.batches.training_step(step), 0); }
  // The loss summed over the source's validation rows, in batches of the training size.
  double evaluate();
  // The values, buffers included, or the gradients of what this rank owns.
  Weights owned_values();
  Weights owned_gradients();
  // Sends a batch, of an evaluation from this row of the validation split on.
  void feed(const StepContext& step, std::int64_t first_row);

 private:
  Weights owned(Tensor StageParameters::* buffer);

  const Config& config_;
  const Source& source_;
  MemoryPool pool_;
  Grid grid_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<Collective> collective_, replicas_, tensor_;
  GridLinks links_;
  const ModelSetup model_;
  PipelineRank pipeline_;
  std::unique_ptr<Coordinator> coordinator_;
};

// Runs `body` on every rank of the grid (parallel.data replicas of a pipeline), each with one
// OpenMP thread. Catch's macros are for one thread: a body keeps what it finds, or throws.
void run_ranks(const Config& config, const Source& source, int ranks,
               const std::function<void(RankThread&)>& body);

}  // namespace pipetrain
