// What ranks of a tensor-parallel group can share of a model: checks sizes as the layers are built.
// It must not know how a layer is shared.
#pragma once

#include <cstdint>
#include <string>

#include "nn/layer_options.h"
#include "nn/slice.h"

namespace pipetrain {

class Sharing {
 public:
  explicit Sharing(const TensorPlace& place) : place_(place) {}

  bool alone() const { return place_.alone(); }
  // The place for a layer of which every rank takes as many of `count`.
  // Error(kConfiguration) if that cannot be.
  TensorPlace evenly(const LayerOptions& options, const std::string& what, std::int64_t count);
  // The place for a layer that is shared by the rows of the vocabulary: parts may be uneven, but
  // not empty.
  TensorPlace by_vocabulary(const LayerOptions& options, std::int64_t vocabulary) const;
  // Error(kConfiguration) if no layer was shared evenly: ranks would all do the same.
  void finish() const;

 private:
  TensorPlace place_;
  bool shares_ = false;
};

}  // namespace pipetrain
