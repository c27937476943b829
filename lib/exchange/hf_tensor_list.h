// A list of a family's tensors, as its file writes it down. It must not know any family.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "exchange/hf_family.h"
#include "nn/tensor_names.h"

namespace pipetrain {

// How a product lies there where it is not as ours.
struct HfProduct {
  bool transposed = false;
  std::int64_t head_rows = 0;  // as of an HfTensor
};

class HfTensorList {
 public:
  using Parts = std::vector<std::pair<std::string, std::int64_t>>;  // {name, rows}

  // The whole of one of ours.
  HfTensor& add(const std::string& name, const std::string& own, std::int64_t rows,
                std::int64_t columns = 0, bool transposed = false) {
    return made_.emplace_back(HfTensor{name, own, rows, columns, 0, rows, transposed});
  }
  // The whole of one of ours, whose entries have other axes there.
  void add_reshaped(const std::string& name, const std::string& own, Extents theirs, Extents ours) {
    const std::int64_t elements = elements_of(ours, own);
    HfTensor& made = add(name, own, elements);
    made.other_shape = std::move(theirs);
    made.other_own_shape = std::move(ours);
  }
  // Weight and bias of a norm, and of a product.
  void add_norm(const std::string& name, const std::string& own, std::int64_t width) {
    add(weight_of(name), weight_of(own), width);
    add(bias_of(name), bias_of(own), width);
  }
  void add_product(const std::string& name, const std::string& own, std::int64_t out,
                   std::int64_t in, const HfProduct& how = {}) {
    add(weight_of(name), weight_of(own), out, in, how.transposed).head_rows = how.head_rows;
    add(bias_of(name), bias_of(own), out).head_rows = how.head_rows;
  }
  // Several products that are one of ours.
  void add_stacked_product(const Parts& parts, const std::string& own, std::int64_t in,
                           bool bias = true) {
    Parts weights, biases;
    for (const auto& [name, rows] : parts) {
      weights.emplace_back(weight_of(name), rows);
      biases.emplace_back(bias_of(name), rows);
    }
    add_stacked(weights, weight_of(own), in);
    if (bias) add_stacked(biases, bias_of(own), 0);
  }
  std::vector<HfTensor> take() { return std::move(made_); }

 private:
  // Several that lie one below the other in ours.
  void add_stacked(const Parts& parts, const std::string& own, std::int64_t columns) {
    std::int64_t rows = 0, first = 0;
    for (const auto& part : parts) rows += part.second;
    for (const auto& [name, own_part] : parts) {
      made_.push_back({name, own, own_part, columns, first, rows});
      first += own_part;
    }
  }

  std::vector<HfTensor> made_;
};

}  // namespace pipetrain
