// A fixed number of labelled rows: images or texts, read one by one in any order. It must not know
// epochs, batches or which of them train.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/random.h"
#include "tensor/shape.h"

namespace pipetrain {

// What fills up a row behind its tokens, where `data.documents: separate` keeps them apart; a
// number that no token has.
inline constexpr std::int32_t kFilling = -1;

class Samples {
 public:
  virtual ~Samples() = default;

  virtual std::int64_t size() const = 0;
  virtual Shape row() const = 0;  // (T) tokens, or (H, W, C) pixels
  virtual DType dtype() const = 0;
  virtual int vocabulary() const = 0;            // tokens are below it; 0: pixels
  virtual int classes() const = 0;               // labels are below it
  virtual std::string description() const = 0;   // for the log
  virtual nlohmann::json tokenizer() const = 0;  // what an input means, for the checkpoint

  // Writes the row, returns the label. With `variation`, random for each sample and epoch, the row
  // is distorted as the configuration allows.
  virtual std::int32_t read(std::int64_t sample, const RandomWords* variation, void* row) const = 0;
};

}  // namespace pipetrain
