// Sequences cut into slices of equal work, which pass a pipeline one after the other (Seq1F1B, Sun
// et al., arXiv:2406.03488, section 3.3): a later slice sees the keys and values of those before
// it. It must not know schedules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer.h"

namespace pipetrain {

class SequenceSlices {
 public:
  SequenceSlices() = default;  // sequences are whole
  // Where each slice begins, ascending from 0, and where the last one ends.
  explicit SequenceSlices(std::vector<std::int64_t> bounds) : bounds_(std::move(bounds)) {}

  int count() const { return bounds_.empty() ? 1 : static_cast<int>(bounds_.size()) - 1; }
  bool cut() const { return count() > 1; }
  std::int64_t first(int slice) const { return cut() ? bounds_[index(slice)] : 0; }
  // Of a slice, where there are several.
  std::int64_t tokens(int slice) const { return bounds_[index(slice) + 1] - bounds_[index(slice)]; }
  std::int64_t row_tokens() const { return bounds_.back(); }
  // Of one slice of rows (B, T, ...); of a whole row, where there is one slice.
  Shape of(const Shape& rows, int slice) const;

 private:
  static std::size_t index(int slice) { return static_cast<std::size_t>(slice); }
  std::vector<std::int64_t> bounds_;
};

// By the floating-point operations of all layers, so that the cut is the same on every machine.
SequenceSlices slices_of_equal_work(const LayerList& layers, int count);

// Why sequences of this model cannot be cut so: a layer lets tokens follow from later ones, or
// there are fewer tokens than slices. Empty if they can.
std::string why_not_sliced(const LayerList& layers, int count);

// Tokens [first, first + count) of each of whole (B, T), four bytes each: what a slice takes of ids
// or targets.
Tensor tokens_of_rows(MemoryPool& pool, const Tensor& whole, std::int64_t first,
                      std::int64_t count);

}  // namespace pipetrain
