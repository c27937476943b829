#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/error.h"
#include "base/suggest.h"
#include "comm/in_process_state.h"
#include "comm/ordered_sum.h"

namespace pipetrain {
namespace {

// Each operation: lay down the address of one's own part; when all have come, read the others';
// when all have read, go.
class InProcessCollective final : public Collective {
 public:
  InProcessCollective(std::shared_ptr<InProcessState> state, int world_rank,
                      const std::vector<int>& group)
      : state_(std::move(state)),
        meeting_(state_->meeting(group)),
        world_rank_(world_rank),
        group_(group),
        rank_(static_cast<int>(std::find(group.begin(), group.end(), world_rank) - group.begin())) {
    assert(rank_ < size());
  }

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(group_.size()); }

  void all_reduce(std::span<double> values) override { sum_of_all<double>(values); }
  void all_reduce(std::span<float> values) override { sum_of_all<float>(values); }

  void reduce_scatter(std::span<const float> whole, std::span<float> part) override {
    assert(whole.size() == part.size() * group_.size());
    std::vector<float> sum(part.size());
    meet(whole.data(), "reduce_scatter");
    for (int r = 0; r < size(); ++r) {
      const float* theirs = laid_down<float>(r) + part.size() * static_cast<std::size_t>(rank_);
      add_term<float>(r, {theirs, part.size()}, sum);
    }
    meet(nullptr, "reduce_scatter");
    std::copy(sum.begin(), sum.end(), part.begin());
  }

  void all_gather(std::span<const float> part, std::span<float> whole) override {
    assert(whole.size() == part.size() * group_.size());
    meet(part.data(), "all_gather");
    for (int r = 0; r < size(); ++r) {
      float* place = whole.data() + part.size() * static_cast<std::size_t>(r);
      const float* theirs = laid_down<float>(r);
      if (theirs != place) std::copy_n(theirs, part.size(), place);  // part may lie in whole
    }
    meet(nullptr, "all_gather");
  }

  void broadcast(std::span<std::byte> bytes, int root) override {
    meet(bytes.data(), "broadcast");
    if (rank_ != root) std::copy_n(laid_down<std::byte>(root), bytes.size(), bytes.begin());
    meet(nullptr, "broadcast");
  }

  void barrier() override { meet(nullptr, "barrier"); }

  std::vector<std::string> all_gather_text(const std::string& text) override {
    std::vector<std::string> texts;
    meet(&text, "all_gather_text");
    for (int r = 0; r < size(); ++r) texts.push_back(*laid_down<std::string>(r));
    meet(nullptr, "all_gather_text");
    return texts;
  }

 private:
  template <class T>
  void sum_of_all(std::span<T> values) {
    std::vector<T> sum(values.size());
    meet(values.data(), "all_reduce");
    for (int r = 0; r < size(); ++r) add_term<T>(r, {laid_down<T>(r), values.size()}, sum);
    meet(nullptr, "all_reduce");
    std::copy(sum.begin(), sum.end(), values.begin());
  }

  // Between two meetings nobody writes what was laid down.
  template <class T>
  const T* laid_down(int r) const {
    return static_cast<const T*>(meeting_.laid_down[static_cast<std::size_t>(r)]);
  }

  void meet(const void* address, const char* operation) {
    int round = 0;
    {
      const std::lock_guard lock(meeting_.mutex);
      if (address != nullptr) meeting_.laid_down[static_cast<std::size_t>(rank_)] = address;
      round = meeting_.round;
      if (++meeting_.arrived == size()) {
        meeting_.arrived = 0;
        ++meeting_.round;
      }
    }
    const auto all_have_come = [&] {
      const std::lock_guard lock(meeting_.mutex);
      return meeting_.round != round;
    };
    state_->wait_for(all_have_come, world_rank_, [&] {
      std::vector<std::string> ranks;
      for (const int r : group_) ranks.push_back(std::to_string(r));
      return std::string(operation) + " over ranks " + join(ranks);
    });
  }

  std::shared_ptr<InProcessState> state_;
  Meeting& meeting_;
  int world_rank_;
  std::vector<int> group_;
  int rank_;
};

}  // namespace

std::unique_ptr<Collective> make_in_process_collective(std::shared_ptr<InProcessState> state,
                                                       int rank, const std::vector<int>& group) {
  return std::make_unique<InProcessCollective>(std::move(state), rank, group);
}

}  // namespace pipetrain
