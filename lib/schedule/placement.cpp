#include "schedule/placement.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "base/index.h"

namespace pipetrain {
namespace {

std::string list_of(const std::vector<int>& stages) {
  std::string text = "[";
  for (const int stage : stages) text += (text.size() > 1 ? "," : "") + std::to_string(stage);
  return text + "]";
}

// Every lap down the ranks, or every second one back up.
std::vector<std::vector<int>> laps(int ranks, int virtual_stages, bool back_up) {
  std::vector<std::vector<int>> stages(index(ranks));
  for (int lap = 0; lap < virtual_stages; ++lap) {
    for (int place = 0; place < ranks; ++place) {
      const bool reversed = back_up && lap % 2 == 1;
      stages[index(reversed ? ranks - 1 - place : place)].push_back(lap * ranks + place);
    }
  }
  return stages;
}

}  // namespace

Placement Placement::loop(int ranks, int virtual_stages) {
  return of(laps(ranks, virtual_stages, false));
}

Placement Placement::wave(int ranks, int virtual_stages) {
  return of(laps(ranks, virtual_stages, true));
}

Placement Placement::of(const std::vector<std::vector<int>>& stages_of_ranks) {
  if (const auto reason = why_no_placement(stages_of_ranks)) {
    throw Error(ExitCode::kConfiguration, "placement: " + *reason, placement_grid(stages_of_ranks));
  }
  Placement placement;
  placement.stages_of_ranks_ = stages_of_ranks;
  std::size_t stages = 0;
  for (const auto& own : stages_of_ranks) stages += own.size();
  placement.rank_of_stages_.resize(stages);
  placement.places_.resize(stages);
  for (int rank = 0; rank < placement.rank_count(); ++rank) {
    std::vector<int>& own = placement.stages_of_ranks_[index(rank)];
    std::sort(own.begin(), own.end());
    for (std::size_t place = 0; place < own.size(); ++place) {
      placement.rank_of_stages_[index(own[place])] = rank;
      placement.places_[index(own[place])] = static_cast<int>(place);
    }
  }
  return placement;
}

// What two ranks that face each other hold is the same, so a stage has one place on both.
Placement Placement::both_ways(const Placement& down) {
  const int ranks = down.rank_count();
  assert(ranks % 2 == 0 && down.copies_ == 1);
  Placement placement = down;
  placement.copies_ = 2;
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<int>& own = placement.stages_of_ranks_[index(rank)];
    const std::vector<int>& facing = down.stages_of(ranks - 1 - rank);
    own.insert(own.end(), facing.begin(), facing.end());
    std::sort(own.begin(), own.end());
    for (std::size_t place = 0; place < own.size(); ++place) {
      placement.places_[index(own[place])] = static_cast<int>(place);
    }
  }
  return placement;
}

Placement Placement::loop_both_ways(int ranks, int virtual_stages) {
  return both_ways(loop(ranks, virtual_stages));
}

Placement Placement::one_way() const {
  if (copies_ == 1) return *this;
  std::vector<std::vector<int>> stages(stages_of_ranks_.size());
  for (int stage = 0; stage < stage_count(); ++stage) {
    stages[index(rank_of(stage))].push_back(stage);
  }
  return of(stages);
}

int Placement::most_stages() const {
  if (copies_ > 1) return one_way().most_stages();
  std::size_t most = 0;
  for (const auto& own : stages_of_ranks_) most = std::max(most, own.size());
  return static_cast<int>(most);
}

bool Placement::goes_in_laps() const {
  if (copies_ > 1) return false;
  for (int stage = 0; stage < stage_count(); ++stage) {
    if (place_of(stage) != stage / rank_count()) return false;
  }
  return stage_count() % std::max(rank_count(), 1) == 0;
}

std::string Placement::name() const {
  if (copies_ > 1) return one_way().name() + " in both directions";
  const int v = most_stages();
  if (*this == loop(rank_count(), v)) return "loop";
  if (*this == wave(rank_count(), v)) return v == 2 ? "v" : "wave";
  std::string text = "[";
  for (const auto& own : stages_of_ranks_) text += (text.size() > 1 ? "," : "") + list_of(own);
  return text + "]";
}

std::optional<std::string> why_no_placement(const std::vector<std::vector<int>>& stages_of_ranks) {
  std::vector<int> all;
  for (std::size_t rank = 0; rank < stages_of_ranks.size(); ++rank) {
    const auto& own = stages_of_ranks[rank];
    if (own.empty()) return "rank " + std::to_string(rank) + " has no stage; give it one or more";
    all.insert(all.end(), own.begin(), own.end());
  }
  std::sort(all.begin(), all.end());
  if (!all.empty() && all.front() < 0) {
    return "found stage " + std::to_string(all.front()) + "; stages are numbered from 0";
  }
  const auto twice = std::adjacent_find(all.begin(), all.end());
  if (twice != all.end()) return "stage " + std::to_string(*twice) + " stands twice";
  for (std::size_t stage = 0; stage < all.size(); ++stage) {
    if (all[stage] == static_cast<int>(stage)) continue;
    return "stage " + std::to_string(stage) + " is left out, but there is a stage " +
           std::to_string(all.back());
  }
  return std::nullopt;
}

std::string placement_grid(const std::vector<std::vector<int>>& stages_of_ranks) {
  constexpr std::size_t kMostRows = 16, kMostStages = 16;
  std::string grid;
  for (std::size_t rank = 0; rank < stages_of_ranks.size(); ++rank) {
    if (rank == kMostRows) return grid + "\n  ...";
    grid += (grid.empty() ? "" : "\n") + std::string("  rank ") + std::to_string(rank) + ":";
    const auto& own = stages_of_ranks[rank];
    for (std::size_t i = 0; i < std::min(own.size(), kMostStages); ++i) {
      grid += " " + std::to_string(own[i]);
    }
    if (own.size() > kMostStages) grid += " ...";
    if (own.empty()) grid += " none";
  }
  return grid;
}

}  // namespace pipetrain
