// A list of a family's tensors, as its file writes it down. It must not know any family.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "exchange/hf_family.h"

namespace pipetrain {

class HfTensorList {
 public:
  // The whole of one of ours.
  HfTensor& add(const std::string& name, const std::string& own, std::int64_t rows,
                std::int64_t columns = 0, bool transposed = false) {
    return made_.emplace_back(HfTensor{name, own, rows, columns, 0, rows, transposed});
  }
  // Several that lie one below the other in ours: {name, rows}.
  void add_stacked(const std::vector<std::pair<std::string, std::int64_t>>& parts,
                   const std::string& own, std::int64_t columns) {
    std::int64_t rows = 0, first = 0;
    for (const auto& part : parts) rows += part.second;
    for (const auto& [name, own_part] : parts) {
      made_.push_back({name, own, own_part, columns, first, rows});
      first += own_part;
    }
  }
  std::vector<HfTensor> take() { return std::move(made_); }

 private:
  std::vector<HfTensor> made_;
};

}  // namespace pipetrain
