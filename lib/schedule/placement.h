// Which rank of a pipeline holds which stage, as plain data: any number of stages a rank, in any
// order. It must not know actions, layers or the grid.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pipetrain {

class Placement {
 public:
  Placement() = default;  // of no stage

  // Stage s on rank s mod p.
  static Placement loop(int ranks, int virtual_stages = 1);
  // Down the ranks and back up, as often as there are stages: two a rank make a V, more a wave
  // (Liu et al. 2023, Hanayo, section 3).
  static Placement wave(int ranks, int virtual_stages = 2);
  // Each rank's stages, in any order. Error(kConfiguration) with why_no_placement().
  static Placement of(const std::vector<std::vector<int>>& stages_of_ranks);

  int rank_count() const { return static_cast<int>(stages_of_ranks_.size()); }
  int stage_count() const { return static_cast<int>(rank_of_stages_.size()); }
  int rank_of(int stage) const { return rank_of_stages_[static_cast<std::size_t>(stage)]; }
  const std::vector<int>& ranks() const { return rank_of_stages_; }  // of all stages, in order
  // A rank's stages, ascending; and where a stage stands among those of its rank.
  const std::vector<int>& stages_of(int rank) const {
    return stages_of_ranks_[static_cast<std::size_t>(rank)];
  }
  int place_of(int stage) const { return places_[static_cast<std::size_t>(stage)]; }
  // Of the rank that has most.
  int most_stages() const;
  // Every rank holds one stage of the first p, one of the next p, and so on.
  bool goes_in_laps() const;

  // "loop", "v", "wave" or "[[0,5],[1,4],[2,3]]".
  std::string name() const;

  friend auto operator<=>(const Placement&, const Placement&) = default;

 private:
  std::vector<std::vector<int>> stages_of_ranks_;
  std::vector<int> rank_of_stages_, places_;
};

// What is wrong with such a list: a rank without a stage, a stage that is left out or stands twice.
// Nothing if it is a placement.
std::optional<std::string> why_no_placement(const std::vector<std::vector<int>>& stages_of_ranks);

// A row for each rank and its stages, for error messages.
std::string placement_grid(const std::vector<std::vector<int>>& stages_of_ranks);

}  // namespace pipetrain
