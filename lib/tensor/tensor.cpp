#include "tensor/tensor.h"

namespace pipetrain {

Tensor::Tensor(MemoryPool& pool, Shape shape, DType dtype)
    : shape_(shape), dtype_(dtype), pool_(&pool) {
  data_ = pool.take(bytes());
}

Tensor Tensor::view(void* data, Shape shape, DType dtype) {
  Tensor tensor;
  tensor.shape_ = shape;
  tensor.dtype_ = dtype;
  tensor.data_ = data;
  return tensor;
}

Tensor& Tensor::operator=(Tensor&& other) noexcept {
  if (this != &other) {
    reset();
    shape_ = std::exchange(other.shape_, {});
    dtype_ = other.dtype_;
    data_ = std::exchange(other.data_, nullptr);
    pool_ = std::exchange(other.pool_, nullptr);
  }
  return *this;
}

void Tensor::reset() {
  if (pool_ != nullptr) pool_->give_back(data_, bytes());
  data_ = nullptr;
  pool_ = nullptr;
  shape_ = {};
}

void Tensor::reshape(Shape shape) {
  assert(shape.elements() == elements());
  shape_ = shape;
}

}  // namespace pipetrain
