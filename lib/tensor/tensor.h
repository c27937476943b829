// A dense row-major tensor that owns its memory or looks into someone else's. It must not know
// arithmetic.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "tensor/bfloat16.h"
#include "tensor/memory.h"
#include "tensor/shape.h"

namespace pipetrain {

class Tensor {
 public:
  Tensor() = default;  // empty: no shape, no memory
  Tensor(MemoryPool& pool, Shape shape, DType dtype = DType::kFloat32);        // contents undefined
  static Tensor view(void* data, Shape shape, DType dtype = DType::kFloat32);  // owner outlives it
  ~Tensor() { reset(); }
  Tensor(Tensor&& other) noexcept { *this = std::move(other); }
  Tensor& operator=(Tensor&& other) noexcept;
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  bool empty() const { return data_ == nullptr; }
  void reset();
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  std::int64_t elements() const { return shape_.elements(); }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * element_bytes(dtype_); }
  void* data() { return data_; }
  const void* data() const { return data_; }
  void reshape(Shape shape);  // same number of elements

  float* f32() { return typed<float>(DType::kFloat32); }
  const float* f32() const { return typed<float>(DType::kFloat32); }
  BFloat16* bf16() { return typed<BFloat16>(DType::kBFloat16); }
  const BFloat16* bf16() const { return typed<BFloat16>(DType::kBFloat16); }
  std::int32_t* i32() { return typed<std::int32_t>(DType::kInt32); }
  const std::int32_t* i32() const { return typed<std::int32_t>(DType::kInt32); }
  std::uint8_t* u8() { return typed<std::uint8_t>(DType::kUInt8); }
  const std::uint8_t* u8() const { return typed<std::uint8_t>(DType::kUInt8); }
  std::span<float> floats() { return {f32(), static_cast<std::size_t>(elements())}; }
  std::span<const float> floats() const { return {f32(), static_cast<std::size_t>(elements())}; }

 private:
  template <class T>
  T* typed([[maybe_unused]] DType expected) const {
    assert(dtype_ == expected);
    return static_cast<T*>(data_);
  }

  Shape shape_;
  DType dtype_ = DType::kFloat32;
  void* data_ = nullptr;
  MemoryPool* pool_ = nullptr;  // null for a view
};

}  // namespace pipetrain
