// A matrix of activations or of their gradients, as operations take it: where the entries lie, of
// which kind they are (float32 or bfloat16, which an operation finds out when it runs), and how
// many rows and columns they make. A tensor is the matrix whose columns are its last axis. The
// memory is another's, which outlives this. It must not know what is computed.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "tensor/bfloat16.h"
#include "tensor/tensor.h"

namespace pipetrain {

template <class Void>  // void or const void
class BasicMatrix {
  template <class T>
  using Entry = std::conditional_t<std::is_const_v<Void>, const T, T>;

 public:
  BasicMatrix(Entry<float>* data, std::int64_t rows, std::int64_t columns)
      : data_(data), rows_(rows), columns_(columns) {}
  BasicMatrix(Entry<BFloat16>* data, std::int64_t rows, std::int64_t columns)
      : data_(data), dtype_(DType::kBFloat16), rows_(rows), columns_(columns) {}
  // One row.
  BasicMatrix(std::span<Entry<float>> entries)
      : BasicMatrix(entries.data(), 1, static_cast<std::int64_t>(entries.size())) {}
  BasicMatrix(Entry<Tensor>& tensor) : data_(tensor.data()), dtype_(tensor.dtype()) {
    if (tensor.empty()) return;
    rows_ = tensor.shape().rows();
    columns_ = tensor.shape().back();
  }
  BasicMatrix(std::nullptr_t) {}  // none, of either kind
  // What may be written may be read.
  template <class Other>
    requires(std::is_const_v<Void> && std::is_void_v<Other> && !std::is_const_v<Other>)
  BasicMatrix(const BasicMatrix<Other>& other)
      : data_(other.data()),
        dtype_(other.dtype()),
        rows_(other.rows()),
        columns_(other.columns()) {}

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t entries() const { return rows_ * columns_; }
  DType dtype() const { return dtype_; }
  bool empty() const { return data_ == nullptr; }
  Void* data() const { return data_; }
  template <class T>
  Entry<T>* as() const {
    assert(data_ == nullptr || dtype_ == kDTypeOf<T>);
    return static_cast<Entry<T>*>(data_);
  }
  template <class T>
  Entry<T>* row(std::int64_t row) const {
    return as<T>() + row * columns_;
  }
  // The same entries in so many rows.
  BasicMatrix in_rows(std::int64_t rows) const {
    assert(entries() % rows == 0);
    BasicMatrix same = *this;
    same.rows_ = rows;
    same.columns_ = entries() / rows;
    return same;
  }

 private:
  template <class T>
  static constexpr DType kDTypeOf =
      std::is_same_v<T, BFloat16> ? DType::kBFloat16 : DType::kFloat32;

  Void* data_ = nullptr;
  DType dtype_ = DType::kFloat32;
  std::int64_t rows_ = 0, columns_ = 0;
};

using Matrix = BasicMatrix<void>;
using ConstMatrix = BasicMatrix<const void>;

// body.operator()<T>(), T the type of such entries.
template <class Body>
decltype(auto) with_entries(DType dtype, const Body& body) {
  assert(dtype == DType::kFloat32 || dtype == DType::kBFloat16);
  if (dtype == DType::kBFloat16) return body.template operator()<BFloat16>();
  return body.template operator()<float>();
}

}  // namespace pipetrain
