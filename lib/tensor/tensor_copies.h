// Copies of tensors that are about to change, from which they come back to the last bit. It must
// not know what the tensors hold.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/memory.h"
#include "tensor/tensor.h"

namespace pipetrain {

class TensorCopies {
 public:
  // Takes the memory for good. The tensors outlive it and keep their sizes; empty ones are left
  // out.
  TensorCopies(MemoryPool& pool, const std::vector<Tensor*>& tensors);

  std::int64_t block_bytes() const;  // of the pool

  void save();
  void restore();  // what was saved last

 private:
  std::vector<Tensor*> tensors_;
  std::vector<Tensor> copies_;
};

}  // namespace pipetrain
