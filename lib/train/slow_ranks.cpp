#include "train/slow_ranks.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "schedule/simulate/rank_speeds.h"

namespace pipetrain {
namespace {

// A layer that is measured alone is up to half again as fast as among others; in the same run a
// rank is compared with itself.
constexpr double kMostOfForeseen = 1.6, kMostOfFirst = 1.25;
constexpr double kLeastOwn = 1.1;        // a rank is not slow because others have become faster
constexpr double kSaidAgain = 1.25;      // times what was said
constexpr double kLeastSeconds = 0.002;  // of a step, that are too many: less is noise

double middle_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

std::vector<double> foreseen_work(const PipelineRank& pipeline) {
  const Layout& layout = pipeline.layout;
  if (layout.layer_costs.empty() || layout.rounds_messages) return {};
  const Costs costs = costs_on_ranks(layout);
  const Grid& grid = pipeline.map.grid();
  std::vector<double> work(static_cast<std::size_t>(grid.size()));
  for (int rank = 0; rank < grid.size(); ++rank) {
    for (const int stage : RankMap(grid, rank, layout.schedule).local_stages()) {
      work[static_cast<std::size_t>(rank)] +=
          layout.schedule.microbatches * costs.stages[static_cast<std::size_t>(stage)].total();
    }
    if (!layout.schedule.cuts_vocabulary()) continue;
    const auto place = static_cast<std::size_t>(grid.position_of(rank).pipeline);
    const PieceCost& piece = costs.pieces[place];
    work[static_cast<std::size_t>(rank)] +=
        layout.schedule.microbatches * (piece.forward + piece.backward);
  }
  return work;
}

SlowRanks::SlowRanks(std::vector<double> foreseen, std::vector<std::string> hosts)
    : foreseen_(std::move(foreseen)),
      hosts_(std::move(hosts)),
      window_(hosts_.size()),
      told_(hosts_.size()) {}

std::vector<std::string> SlowRanks::add(std::int64_t step, std::span<const double> work_seconds) {
  if (hosts_.size() < 2) return {};
  if (window_[0].empty()) from_ = step;
  for (std::size_t r = 0; r < window_.size(); ++r) window_[r].push_back(work_seconds[r]);
  if (window_[0].size() < kSteps) return {};
  last_ = step;
  std::vector<double> work;
  for (std::vector<double>& steps : window_) work.push_back(middle_of(std::exchange(steps, {})));
  std::vector<std::string> said;
  for (std::size_t r = 0; r < work.size(); ++r) {
    std::string text = judge(r, work);
    if (!text.empty()) said.push_back(std::move(text));
  }
  earlier_paces_ = std::exchange(paces_, paces_of(work));
  if (first_.empty()) {
    first_ = std::move(work);
    first_step_ = from_;
  }
  return said;
}

SlowRanks::Pace SlowRanks::pace(std::size_t rank, const std::vector<double>& work,
                                const std::vector<double>& like) const {
  std::vector<double> others;
  for (std::size_t r = 0; r < work.size(); ++r) {
    if (r != rank && like[r] > 0) others.push_back(work[r] / like[r]);
  }
  if (others.empty() || like[rank] <= 0) return {};
  return {.own = work[rank] / like[rank], .others = middle_of(std::move(others))};
}

// How many times as long as the others some rank takes, or they as it, whose own work has changed.
double SlowRanks::spread(const std::vector<double>& work, const std::vector<double>& like) const {
  double most = 1;
  for (std::size_t r = 0; r < like.size(); ++r) {
    const Pace found = pace(r, work, like);
    const double own = std::max(found.own, 1 / found.own);
    if (own < kLeastOwn || std::abs(work[r] * (1 - 1 / found.factor())) < kLeastSeconds) continue;
    most = std::max({most, found.factor(), 1 / found.factor()});
  }
  return most;
}

std::vector<double> SlowRanks::paces_of(const std::vector<double>& work) const {
  const double of_first = spread(work, first_) / kMostOfFirst;
  const double of_foreseen = spread(work, foreseen_) / kMostOfForeseen;
  if (of_first <= 1 && of_foreseen <= 1) return {};
  const std::vector<double>& like = of_first > of_foreseen ? first_ : foreseen_;
  std::vector<double> paces(work.size(), 1);
  for (std::size_t r = 0; r < work.size(); ++r) {
    if (like[r] > 0) paces[r] = work[r] / like[r];
  }
  return settled_seconds(std::move(paces));
}

std::vector<double> SlowRanks::paces() const {
  if (paces_.empty() || earlier_paces_.empty()) return {};
  std::vector<double> agreed;
  for (std::size_t r = 0; r < paces_.size(); ++r) {
    const auto [less, more] = std::minmax(paces_[r], earlier_paces_[r]);
    agreed.push_back(less > 1 ? less : more < 1 ? more : 1);
  }
  return settled_seconds(std::move(agreed));
}

// Of one rank, after a window of steps; empty: nothing has changed.
std::string SlowRanks::judge(std::size_t rank, const std::vector<double>& work) {
  const Pace foreseen = foreseen_.empty() ? Pace{} : pace(rank, work, foreseen_);
  const Pace first = first_.empty() ? Pace{} : pace(rank, work, first_);
  const bool drifts = first.factor() > kMostOfFirst;
  const Pace& found = drifts ? first : foreseen;
  const double factor = found.factor();
  const bool slow = (drifts || factor > kMostOfForeseen) && found.own > kLeastOwn &&
                    work[rank] * (1 - 1 / factor) > kLeastSeconds;
  const std::string who = fmt::format("rank {} on {}", rank, hosts_[rank]);
  if (!slow) {
    if (told_[rank] == 0) return {};
    told_[rank] = 0;
    return fmt::format("{} keeps pace again: {:.3f} s of work a step in steps {} to {}", who,
                       work[rank], from_, last_);
  }
  if (factor < kSaidAgain * told_[rank]) return {};
  told_[rank] = factor;
  const std::string like =
      drifts ? fmt::format("as long as in steps {} to {}", first_step_, first_step_ + kSteps - 1)
             : "its share of the layers' times as they were measured";
  const auto most = std::ranges::max_element(work);
  const std::string effect =
      *most > work[rank]
          ? fmt::format("rank {} still has the most, {:.3f} s", most - work.begin(), *most)
          : "all ranks wait for it";
  return fmt::format(
      "{} is slow: {:.3f} s of work a step in steps {} to {}, {:.2f} times {} (of the other ranks: "
      "{:.2f}); {}; pipetrain doctor compares the hosts",
      who, work[rank], from_, last_, found.own, like, found.others, effect);
}

}  // namespace pipetrain
