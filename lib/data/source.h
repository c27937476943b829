// Rows of inputs and targets for training and validation. The coordinator alone owns a source; it
// must not know models, microbatches or ranks: row r of pass p depends on (seed, p, r) only, so
// every grid sees the same data.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

#include "data/data_config.h"
#include "data/data_files.h"
#include "tensor/tensor.h"

namespace pipetrain {

class Tokenizer;

// Targets below 0 do not count. That of the last token of a document, where documents do not see
// each other; else any.
inline constexpr std::int32_t kEndsDocument = -2;

class Source {
 public:
  virtual ~Source() = default;

  virtual Shape input_shape() const = 0;  // of one row: (T) tokens, or (H, W, C) pixels
  virtual DType input_dtype() const { return DType::kInt32; }  // of pixels kFloat32
  virtual Shape target_shape() const = 0;  // of one row: (T) tokens, or () for one label
  virtual int vocabulary() const = 0;      // tokens are below it; 0: the inputs are pixels
  virtual int classes() const { return vocabulary(); }  // targets are below it
  virtual std::string description() const = 0;          // one line for the log
  virtual nlohmann::json tokenizer() const = 0;         // for the checkpoint: what an input means
  // That which the tokens were made with, where one was built for it. It is gone from here: whoever
  // has no use for it lets its memory go.
  virtual std::shared_ptr<const Tokenizer> take_tokenizer() { return nullptr; }
  // How many tokens or samples there are, the first of which train; 0 in all: they lie otherwise.
  struct Split {
    std::int64_t training = 0, all = 0;
  };
  virtual Split split() const { return {}; }

  // Rows of a pass over the training data (an epoch); 0: they are drawn without end, and every step
  // is a pass of its own.
  virtual std::int64_t training_rows() const { return 0; }
  // Fills all rows of the tensors with rows first_row.. of the pass; inputs (rows, input shape),
  // targets (rows, target shape) int32.
  virtual void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                             Tensor& targets) const = 0;

  // Validation rows follow each other over the whole split without overlap; 0 if there is no such
  // split.
  virtual std::int64_t validation_rows() const = 0;
  virtual void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const = 0;

  // What is odd about the data, a line each, for the log.
  const Warnings& warnings() const { return warnings_; }
  void set_warnings(Warnings warnings) { warnings_ = std::move(warnings); }

 private:
  Warnings warnings_;
};

}  // namespace pipetrain
