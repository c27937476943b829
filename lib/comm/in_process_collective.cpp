#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "comm/in_process_state.h"
#include "comm/ordered_sum.h"

namespace pipetrain {
namespace {

// Done once all have started it. Each lays down a copy, so that none waits for another one's visit,
// as none does for MPI's operations: those go on while a rank waits for anything.
class StartedOperation final : public Pending {
 public:
  enum class Kind : std::uint8_t { kReduceScatter, kAllGather };

  StartedOperation(Meeting& meeting, Kind kind, int number, int rank, std::span<float> whole,
                   Cuts cuts, Tensor scratch)
      : meeting_(meeting),
        kind_(kind),
        name_(kind == Kind::kReduceScatter ? "reduce_scatter" : "all_gather", number),
        rank_(static_cast<std::size_t>(rank)),
        whole_(whole),
        cuts_(std::move(cuts)),
        scratch_(std::move(scratch)) {
    assert(cuts_.size() == meeting_.laid_down.size() + 1 && cuts_.back() == whole.size());
    const std::lock_guard lock(meeting_.mutex);
    Meeting::Started& started = meeting_.started[name_];
    started.wholes.resize(meeting_.laid_down.size());
    started.wholes[rank_].assign(whole_.begin(), whole_.end());
    ++started.arrived;
  }

  bool done() override {
    if (left_) return true;
    const std::lock_guard lock(meeting_.mutex);
    Meeting::Started& started = meeting_.started[name_];
    const int ranks = static_cast<int>(started.wholes.size());
    if (started.arrived < ranks) return false;
    read(started.wholes);
    if (kind_ == Kind::kReduceScatter) std::ranges::copy(sum(), part(whole_.data(), rank_).begin());
    left_ = true;
    if (++started.left == ranks) meeting_.started.erase(name_);
    return true;
  }
  Tensor take_scratch() override { return std::move(scratch_); }

 private:
  template <class T>
  std::span<T> part(T* whole, std::size_t r) const {
    return {whole + cuts_[r], cuts_[r + 1] - cuts_[r]};
  }
  std::span<float> sum() { return scratch_.floats().first(cuts_[rank_ + 1] - cuts_[rank_]); }

  void read(const std::vector<std::vector<float>>& wholes) {
    for (std::size_t r = 0; r < wholes.size(); ++r) {
      if (kind_ == Kind::kReduceScatter) {
        add_term<float>(static_cast<int>(r), part(wholes[r].data(), rank_), sum());
      } else if (r != rank_) {
        std::ranges::copy(part(wholes[r].data(), r), part(whole_.data(), r).begin());
      }
    }
  }

  Meeting& meeting_;
  Kind kind_;
  std::pair<std::string, int> name_;
  std::size_t rank_;
  std::span<float> whole_;
  Cuts cuts_;
  Tensor scratch_;
  bool left_ = false;
};

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

  std::unique_ptr<Pending> start_reduce_scatter(std::span<float> whole, const Cuts& cuts,
                                                Tensor scratch) override {
    return std::make_unique<StartedOperation>(meeting_, StartedOperation::Kind::kReduceScatter,
                                              reduce_scatters_++, rank_, whole, cuts,
                                              std::move(scratch));
  }

  std::unique_ptr<Pending> start_all_gather(std::span<float> whole, const Cuts& cuts) override {
    return std::make_unique<StartedOperation>(meeting_, StartedOperation::Kind::kAllGather,
                                              all_gathers_++, rank_, whole, cuts, Tensor());
  }

  void wait_for(const std::function<bool()>& done, const std::string& what) override {
    state_->wait_for(done, world_rank_, [&] { return what + " over " + ranks_text(); });
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
    wait_for(all_have_come, operation);
  }

  std::string ranks_text() const {
    std::vector<std::string> ranks;
    for (const int r : group_) ranks.push_back(std::to_string(r));
    return "ranks " + join(ranks);
  }

  std::shared_ptr<InProcessState> state_;
  Meeting& meeting_;
  int world_rank_;
  std::vector<int> group_;
  int rank_;
  int reduce_scatters_ = 0, all_gathers_ = 0;  // started so far
};

}  // namespace

std::unique_ptr<Collective> make_in_process_collective(std::shared_ptr<InProcessState> state,
                                                       int rank, const std::vector<int>& group) {
  return std::make_unique<InProcessCollective>(std::move(state), rank, group);
}

}  // namespace pipetrain
