// What ranks of a tensor-parallel group can share of a model: notes sizes as the layers are built.
// It must not know how a layer is shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/layer_options.h"
#include "nn/slice.h"

namespace pipetrain {

class Sharing {
 public:
  explicit Sharing(const TensorPlace& place) : place_(place) {}

  // The place for a layer of which every rank takes as many of `count`.
  TensorPlace evenly(const LayerOptions& options, const std::string& what, std::int64_t count);
  // The place for a layer that is shared by the rows of the vocabulary: parts may be uneven, but
  // not empty.
  TensorPlace by_vocabulary(const LayerOptions& options, std::int64_t vocabulary);
  // A layer with which no group can share the model.
  void never(const LayerOptions& options, const std::string& reason);

  // Why so many ranks cannot share the layers that were noted; nothing if they can.
  std::optional<std::string> why_not(int ranks) const;

 private:
  // What a layer shares, or why it cannot be.
  struct Noted {
    std::string layer, what;
    std::int64_t count = 0;
    enum class Rule : std::uint8_t { kEvenly, kSomeForEach, kNever } rule = Rule::kNever;

    std::string refusal(const std::string& ranks) const;
    bool allows(int ranks) const;
  };

  TensorPlace place_;
  std::vector<Noted> noted_;
};

}  // namespace pipetrain
