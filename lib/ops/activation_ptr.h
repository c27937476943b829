// Where a layer's activations or their gradients lie: float32 or bfloat16 entries, which an
// operation finds out when it runs. It must not know shapes.
#pragma once

#include <cassert>
#include <cstddef>
#include <type_traits>

#include "tensor/bfloat16.h"
#include "tensor/tensor.h"

namespace pipetrain {

template <class Void>  // void or const void
class BasicActivationPtr {
  template <class T>
  using Entry = std::conditional_t<std::is_const_v<Void>, const T, T>;

 public:
  BasicActivationPtr(Entry<float>* data) : data_(data), dtype_(DType::kFloat32) {}
  BasicActivationPtr(Entry<BFloat16>* data) : data_(data), dtype_(DType::kBFloat16) {}
  BasicActivationPtr(Entry<Tensor>& tensor) : data_(tensor.data()), dtype_(tensor.dtype()) {}
  BasicActivationPtr(std::nullptr_t) {}  // of either kind

  DType dtype() const { return dtype_; }
  Void* data() const { return data_; }
  template <class T>
  Entry<T>* as() const {
    assert(data_ == nullptr || dtype_ == kDTypeOf<T>);
    return static_cast<Entry<T>*>(data_);
  }

 private:
  template <class T>
  static constexpr DType kDTypeOf =
      std::is_same_v<T, BFloat16> ? DType::kBFloat16 : DType::kFloat32;

  Void* data_ = nullptr;
  DType dtype_ = DType::kFloat32;
};

using ActivationPtr = BasicActivationPtr<void>;
using ConstActivationPtr = BasicActivationPtr<const void>;

// body.operator()<T>(), T the type of such entries.
template <class Body>
decltype(auto) with_entries(DType dtype, const Body& body) {
  assert(dtype == DType::kFloat32 || dtype == DType::kBFloat16);
  if (dtype == DType::kBFloat16) return body.template operator()<BFloat16>();
  return body.template operator()<float>();
}

}  // namespace pipetrain
