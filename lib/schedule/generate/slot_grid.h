// The working table behind V-Half and V-Min: for each rank one slot for each unit of time, and in
// it a pass or nothing. It must not know which pattern it was filled from.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain::generators {

// The passes in the order in which one microbatch takes them: down and up the V forward, then
// backward the same way back. Weight gradients are not told apart by stage until the end: any
// stage's may fill an idle slot.
enum Pass : signed char { kNone = -1, kFDown, kFUp, kIUp, kIDown, kW };

class SlotGrid {
 public:
  // `first_slots[rank]` are those of the four passes of microbatch 0; each next microbatch comes
  // `interval` later.
  SlotGrid(const std::vector<std::array<int, 4>>& first_slots, int microbatches, int interval);

  int rank_count() const { return static_cast<int>(ranks_.size()); }

  // Weight gradients take the idle slots after their input gradients, or follow at the end.
  void add_weights();
  void remove_weights();

  // Moves passes to earlier free slots where no rank needs more memory than the largest does now:
  // in the warm-up as far as weights have their slots, and in the cool-down.
  void reorder(bool with_weights);

  // Closes gaps: in the order of the slots, each pass starts as soon as its rank and its inputs are
  // there.
  void squeeze();

  // The rank's passes in order, weight gradients of the stage on the way up first where both could
  // come.
  std::vector<Action> actions(int rank) const;

 private:
  // Memory after a slot, in microbatches of one stage, and input gradients whose weights have no
  // slot of their own.
  struct Memory {
    int live = 0, weights_due = 0;
    friend bool operator==(const Memory&, const Memory&) = default;
  };
  struct Rank {
    std::vector<signed char> slots;         // a Pass each
    std::array<std::vector<int>, 5> times;  // per pass and microbatch: its slot
    std::vector<int> input_gradients;       // slots of both stages', ascending; of those visited
    std::vector<Memory> memory;             // after each slot
  };

  template <class Visit>
  void for_each_in_time(Visit&& visit);
  static Memory after(Memory memory, signed char pass, bool with_weights);
  int fill_memory(bool with_weights);
  int earliest(int rank, int pass, int microbatch) const;
  bool move(Rank& rank, int from, int to, int limit, bool with_weights);

  int microbatches_;
  std::vector<Rank> ranks_;
};

}  // namespace pipetrain::generators
