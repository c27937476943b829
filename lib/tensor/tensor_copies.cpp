#include "tensor/tensor_copies.h"

#include <cstddef>
#include <cstring>

namespace pipetrain {

TensorCopies::TensorCopies(MemoryPool& pool, const std::vector<Tensor*>& tensors) {
  for (Tensor* tensor : tensors) {
    if (tensor->empty()) continue;
    tensors_.push_back(tensor);
    copies_.emplace_back(pool, tensor->shape(), tensor->dtype());
  }
}

std::int64_t TensorCopies::block_bytes() const {
  std::int64_t bytes = 0;
  for (const Tensor& copy : copies_) {
    bytes += static_cast<std::int64_t>(pipetrain::block_bytes(copy.bytes()));
  }
  return bytes;
}

void TensorCopies::save() {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    std::memcpy(copies_[i].data(), tensors_[i]->data(), copies_[i].bytes());
  }
}

void TensorCopies::restore() {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    std::memcpy(tensors_[i]->data(), copies_[i].data(), copies_[i].bytes());
  }
}

}  // namespace pipetrain
