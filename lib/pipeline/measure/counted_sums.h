// Stands in for a tensor-parallel group while a slice of a layer is measured alone: counts what the
// group would sum up, and sums nothing. It must not know layers.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "comm/collective.h"
#include "plan/profile.h"

namespace pipetrain {

class CountedSums final : public Collective {
 public:
  CountedSums(int rank, int size) : rank_(rank), size_(size) {}
  SumUse take() { return std::exchange(counted_, {}); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void all_reduce(std::span<float> values) override { count(values.size_bytes()); }
  void all_reduce(std::span<double> values) override { count(values.size_bytes()); }
  void barrier() override {}
  void broadcast(std::span<std::byte>, int) override { assert(!"layers sum, and nothing else"); }
  std::vector<std::string> all_gather_text(const std::string& text) override {
    return std::vector<std::string>(static_cast<std::size_t>(size_), text);
  }
  std::unique_ptr<Pending> start_reduce_scatter(std::span<float>, const Cuts&, Tensor) override {
    assert(!"layers sum, and nothing else");
    return nullptr;
  }
  std::unique_ptr<Pending> start_all_gather(std::span<float>, const Cuts&) override {
    assert(!"layers sum, and nothing else");
    return nullptr;
  }
  void wait_for(const std::function<bool()>&, const std::string&) override {}

 private:
  void count(std::size_t bytes) {
    ++counted_.count;
    counted_.bytes += static_cast<std::int64_t>(bytes);
  }

  int rank_, size_;
  SumUse counted_;
};

}  // namespace pipetrain
