#include "schedule/search/beam_search.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "schedule/search/beginning.h"

namespace pipetrain::search {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;
constexpr int kMostCompared = 64;

// Of a beginning, in actions evaluated: measured with 1 to 1000 stages times microbatches.
double effort_of_one(const Problem& problem) {
  return 100 + 0.5 * problem.stages * problem.microbatches;
}

// How a beginning came about: from which of the last layer, by which action.
struct Origin {
  std::uint32_t parent;
  Growth::Pick pick;
};

// Beginnings of one length, of which none is as good as another one that has done the same.
class Beginnings {
 public:
  void clear() {
    count_ = 0;
    heads_.assign(std::max<std::size_t>(heads_.size(), 1024), kNone);
  }

  std::size_t size() const { return count_; }
  Beginning& at(std::size_t i) { return beginnings_[i]; }
  Origin origin(std::size_t i) const { return origins_[i]; }

  // A place for a beginning, which add() may then keep.
  Beginning& candidate() {
    if (beginnings_.size() == count_) {
      beginnings_.emplace_back();
      origins_.emplace_back();
      next_.push_back(kNone);
    }
    return beginnings_[count_];
  }

  void add(Origin origin) {
    Beginning& made = beginnings_[count_];
    const std::size_t bucket = hash(made.done) & (heads_.size() - 1);
    int compared = 0;
    for (std::uint32_t i = heads_[bucket]; i != kNone && compared < kMostCompared; i = next_[i]) {
      Beginning& other = beginnings_[i];
      if (other.done != made.done) continue;
      ++compared;
      if (Growth::is_as_good(other, made)) return;
      if (Growth::is_as_good(made, other)) {
        std::swap(other, made);
        origins_[i] = origin;
        return;
      }
    }
    origins_[count_] = origin;
    next_[count_] = heads_[bucket];
    heads_[bucket] = static_cast<std::uint32_t>(count_++);
    if (count_ > heads_.size()) rehash();
  }

 private:
  static std::size_t hash(const std::vector<int>& done) {
    std::uint64_t value = 0;
    for (int count : done) {
      value = (value ^ static_cast<std::uint64_t>(count)) * 0x9e3779b97f4a7c15U;
      value ^= value >> 29;
    }
    return static_cast<std::size_t>(value);
  }

  void rehash() {
    heads_.assign(4 * heads_.size(), kNone);
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t bucket = hash(beginnings_[i].done) & (heads_.size() - 1);
      next_[i] = heads_[bucket];
      heads_[bucket] = static_cast<std::uint32_t>(i);
    }
  }

  std::size_t count_ = 0;
  std::vector<Beginning> beginnings_;  // their memory is used again
  std::vector<Origin> origins_;
  std::vector<std::uint32_t> heads_, next_;  // of the lists of those with the same hash
};

class BeamSearch {
 public:
  BeamSearch(const Problem& problem, const BeamLimits& limits)
      : problem_(problem),
        growth_(problem),
        limit_(limits.makespan * (1 - 1e-9)),
        width_(limits.width),
        effort_(limits.effort),
        effort_each_(effort_of_one(problem)) {}

  Beam run() {
    from_.clear();
    from_.candidate() = growth_.empty();
    from_.add({0, {}});
    result_.saw_all = true;
    kept_ = {0};
    for (int i = 0; i < problem_.actions() && !kept_.empty(); ++i) {
      to_.clear();
      for (std::uint32_t k = 0; k < kept_.size(); ++k) grow(k);
      if (result_.effort > effort_) {
        result_.saw_all = false;
        return std::move(result_);
      }
      std::swap(from_, to_);
      keep();
    }
    if (!kept_.empty()) trace_back();
    return std::move(result_);
  }

 private:
  void grow(std::uint32_t parent) {
    Beginning& beginning = from_.at(kept_[parent]);
    while (true) {
      growth_.choose(beginning, choice_);
      for (const Growth::Pick pick : choice_.next) {
        Beginning& made = to_.candidate();
        made = beginning;
        growth_.take(made, pick);
        growth_.estimate(made);
        result_.effort += effort_each_;
        if (made.bound < limit_) to_.add({parent, pick});
      }
      if (!choice_.may_put_off) return;
      growth_.put_off(beginning, choice_);
    }
  }

  // Chooses the most promising of the new layer.
  void keep() {
    kept_.resize(from_.size());
    std::iota(kept_.begin(), kept_.end(), 0U);
    const auto is_better = [&](std::uint32_t a, std::uint32_t b) {
      const Beginning &x = from_.at(a), &y = from_.at(b);
      if (x.bound != y.bound) return x.bound < y.bound;
      return x.promise != y.promise ? x.promise < y.promise : a < b;
    };
    if (kept_.size() > width_) {
      result_.saw_all = false;
      std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(width_),
                       kept_.end(), is_better);
      kept_.resize(width_);
    }
    std::sort(kept_.begin(), kept_.end(), is_better);
    std::vector<Origin>& layer = layers_.emplace_back();
    for (std::uint32_t k : kept_) layer.push_back(from_.origin(k));
  }

  void trace_back() {
    result_.orders.assign(static_cast<std::size_t>(problem_.ranks), {});
    std::uint32_t place = 0;
    for (std::size_t i = layers_.size(); i-- > 0;) {
      const Origin origin = layers_[i][place];
      result_.orders[static_cast<std::size_t>(origin.pick.rank)].push_back(origin.pick.step);
      place = origin.parent;
    }
    for (std::vector<Step>& order : result_.orders) std::reverse(order.begin(), order.end());
  }

  const Problem& problem_;
  Growth growth_;
  double limit_;
  std::size_t width_;
  Growth::Choice choice_;
  Beginnings from_, to_;
  std::vector<std::uint32_t> kept_;          // of from_, the most promising first
  std::vector<std::vector<Origin>> layers_;  // of those kept
  double effort_, effort_each_;
  Beam result_;
};

}  // namespace

Beam beam_search(const Problem& problem, const BeamLimits& limits) {
  if (problem.virtual_stages > Growth::kMostLaps) return {};
  if (problem.actions() * effort_of_one(problem) > limits.effort) return {};
  return BeamSearch(problem, limits).run();
}

}  // namespace pipetrain::search
