// Which rank of a pipeline holds which stage, as plain data: any number of stages a rank, in any
// order; or two copies of every stage, on two ranks. It must not know actions, layers or the grid.
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
  // `down` once more in the other direction: the second copy of a stage of rank r is on rank
  // p - 1 - r. So two ranks that face each other hold the same stages. Of an even number of ranks.
  static Placement both_ways(const Placement& down);
  // Of stages in a loop: Chimera's and DualPipe's.
  static Placement loop_both_ways(int ranks, int virtual_stages = 1);

  int rank_count() const { return static_cast<int>(stages_of_ranks_.size()); }
  int stage_count() const { return static_cast<int>(rank_of_stages_.size()); }
  int copies() const { return copies_; }  // of every stage: 1 or 2
  int rank_of(int stage, int copy = 0) const {
    const int rank = rank_of_stages_[static_cast<std::size_t>(stage)];
    return copy == 0 ? rank : rank_count() - 1 - rank;
  }
  // Which copy of the stage a rank holds that holds one.
  int copy_on(int rank, int stage) const { return rank_of(stage) == rank ? 0 : 1; }
  // The first copy of every stage, which a pipeline of one copy would be.
  Placement one_way() const;
  const std::vector<int>& ranks() const { return rank_of_stages_; }  // of first copies, in order
  // A rank's stages, of whichever copy, ascending; and where a stage stands among those of its
  // rank.
  const std::vector<int>& stages_of(int rank) const {
    return stages_of_ranks_[static_cast<std::size_t>(rank)];
  }
  int place_of(int stage) const { return places_[static_cast<std::size_t>(stage)]; }
  // Of the rank that has most; of one copy.
  int most_stages() const;
  // Every rank holds one stage of the first p, one of the next p, and so on.
  bool goes_in_laps() const;

  // "loop", "v", "wave" or "[[0,5],[1,4],[2,3]]"; of two copies "loop in both directions".
  std::string name() const;

  friend auto operator<=>(const Placement&, const Placement&) = default;

 private:
  std::vector<std::vector<int>> stages_of_ranks_;
  std::vector<int> rank_of_stages_, places_;
  int copies_ = 1;
};

// Of two copies of every stage the first takes the first half of a step's microbatches (and the
// middle one), as the first of two replicas would.
inline int copy_of_microbatch(int microbatch, int microbatches, int copies) {
  return copies == 2 && 2 * microbatch >= microbatches + microbatches % 2 ? 1 : 0;
}

// What is wrong with such a list: a rank without a stage, a stage that is left out or stands twice.
// Nothing if it is a placement.
std::optional<std::string> why_no_placement(const std::vector<std::vector<int>>& stages_of_ranks);

// A row for each rank and its stages, for error messages.
std::string placement_grid(const std::vector<std::vector<int>>& stages_of_ranks);

}  // namespace pipetrain
