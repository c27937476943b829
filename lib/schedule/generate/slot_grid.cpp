#include "schedule/generate/slot_grid.h"

#include <algorithm>
#include <utility>

#include "base/index.h"

namespace pipetrain::generators {
SlotGrid::SlotGrid(const std::vector<std::array<int, 4>>& first_slots, int microbatches,
                   int interval)
    : microbatches_(microbatches), ranks_(first_slots.size()) {
  for (std::size_t r = 0; r < first_slots.size(); ++r) {
    const auto& first = first_slots[r];
    const int last = *std::max_element(first.begin(), first.end()) + interval * (microbatches - 1);
    ranks_[r].slots.assign(index(last + 1), kNone);
    for (int pass = kFDown; pass < kW; ++pass) {
      for (int m = 0; m < microbatches; ++m) {
        const int slot = first[index(pass)] + interval * m;
        ranks_[r].times[index(pass)].push_back(slot);
        ranks_[r].slots[index(slot)] = static_cast<signed char>(pass);
      }
    }
  }
}

void SlotGrid::add_weights() {
  for (Rank& rank : ranks_) {
    int due = 0;
    for (int slot = 0; slot < static_cast<int>(rank.slots.size()) || due > 0; ++slot) {
      if (index(slot) == rank.slots.size()) rank.slots.push_back(kNone);
      signed char& pass = rank.slots[index(slot)];
      if (pass == kIUp || pass == kIDown) ++due;
      if (pass == kNone && due > 0) {
        pass = kW;
        rank.times[kW].push_back(slot);
        --due;
      }
    }
  }
}

void SlotGrid::remove_weights() {
  for (Rank& rank : ranks_) {
    for (int slot : rank.times[kW]) rank.slots[index(slot)] = kNone;
    rank.times[kW].clear();
    while (rank.slots.back() == kNone) rank.slots.pop_back();
  }
}

// Visits (rank, slot, pass, microbatch) by time and then rank. The visitor may move the pass to an
// earlier slot.
template <class Visit>
void SlotGrid::for_each_in_time(Visit&& visit) {
  std::size_t end = 0;
  for (const Rank& rank : ranks_) end = std::max(end, rank.slots.size());
  std::vector<std::array<int, 5>> seen(ranks_.size());
  for (std::size_t slot = 0; slot < end; ++slot) {
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      if (slot >= ranks_[r].slots.size() || ranks_[r].slots[slot] == kNone) continue;
      const int pass = ranks_[r].slots[slot];
      visit(static_cast<int>(r), static_cast<int>(slot), pass, seen[r][index(pass)]++);
    }
  }
}

SlotGrid::Memory SlotGrid::after(Memory memory, signed char pass, bool with_weights) {
  if (pass == kFDown || pass == kFUp) ++memory.live;
  if (pass == kW) --memory.live;
  if (with_weights) return memory;
  if (pass == kIUp || pass == kIDown) ++memory.weights_due;
  if (pass == kNone && memory.weights_due > 0) {  // the idle slot will take one
    --memory.weights_due;
    --memory.live;
  }
  return memory;
}

// Fills each rank's memory and returns the highest.
int SlotGrid::fill_memory(bool with_weights) {
  int highest = 0;
  for (Rank& rank : ranks_) {
    Memory memory;
    rank.memory.clear();
    for (signed char pass : rank.slots) {
      memory = after(memory, pass, with_weights);
      rank.memory.push_back(memory);
      highest = std::max(highest, memory.live);
    }
  }
  return highest;
}

// The first slot that what the pass needs, and its microbatch's predecessor, leave open.
int SlotGrid::earliest(int rank, int pass, int microbatch) const {
  const auto time = [&](int r, int p, int m) { return ranks_[index(r)].times[index(p)][index(m)]; };
  int after = -1;
  if ((pass == kFDown || pass == kIUp) && rank > 0) {
    after = std::max(after, time(rank - 1, pass, microbatch));
  }
  if ((pass == kFUp || pass == kIDown) && rank + 1 < rank_count()) {
    after = std::max(after, time(rank + 1, pass, microbatch));
  }
  if (pass > kFDown && pass < kW) after = std::max(after, time(rank, pass - 1, microbatch));
  if (pass == kW) {
    after = std::max(after, ranks_[index(rank)].input_gradients[index(microbatch)]);
  }
  if (microbatch > 0) after = std::max(after, time(rank, pass, microbatch - 1));
  return after + 1;
}

// Moves the pass in slot `from` to `to`, unless memory would exceed `limit`.
bool SlotGrid::move(Rank& rank, int from, int to, int limit, bool with_weights) {
  const signed char pass = rank.slots[index(from)];
  std::vector<Memory> changed;
  Memory memory = to > 0 ? rank.memory[index(to - 1)] : Memory{};
  for (int slot = to; slot < static_cast<int>(rank.slots.size()); ++slot) {
    signed char held = rank.slots[index(slot)];
    if (slot == to) held = pass;
    if (slot == from) held = kNone;
    memory = after(memory, held, with_weights);
    if (memory.live > limit) return false;
    if (slot >= from && memory == rank.memory[index(slot)]) break;  // the rest stays as it is
    changed.push_back(memory);
  }
  std::copy(changed.begin(), changed.end(), rank.memory.begin() + to);
  rank.slots[index(from)] = kNone;
  rank.slots[index(to)] = pass;
  return true;
}

void SlotGrid::reorder(bool with_weights) {
  const int limit = fill_memory(with_weights);
  for (Rank& rank : ranks_) rank.input_gradients.clear();
  enum { kWarmup, kSteady, kCooldown } phase = kWarmup;
  for_each_in_time([&](int r, int slot, int pass, int microbatch) {
    Rank& rank = ranks_[index(r)];
    int taken = slot;
    if (phase == kWarmup && r == 0 && pass == kIDown) phase = kSteady;
    if (phase == kCooldown || (phase == kWarmup && with_weights)) {
      for (int to = earliest(r, pass, microbatch); to < slot; ++to) {
        if (rank.slots[index(to)] == kNone && move(rank, slot, to, limit, with_weights)) {
          taken = to;
          break;
        }
      }
    }
    if (phase == kSteady && pass == kFDown && microbatch == microbatches_ - 1) phase = kCooldown;
    rank.times[index(pass)][index(microbatch)] = taken;
    if (pass == kIUp || pass == kIDown) {
      auto& slots = rank.input_gradients;
      slots.insert(std::upper_bound(slots.begin(), slots.end(), taken), taken);
    }
  });
}

void SlotGrid::squeeze() {
  std::vector<Rank> squeezed(ranks_.size());
  const auto end_of = [&](int rank, int pass, int microbatch) {
    return squeezed[index(rank)].times[index(pass)][index(microbatch)] + 1;
  };
  for_each_in_time([&](int r, int, int pass, int microbatch) {
    Rank& rank = squeezed[index(r)];
    int start = static_cast<int>(rank.slots.size());
    if ((pass == kFDown || pass == kIUp) && r > 0) {
      start = std::max(start, end_of(r - 1, pass, microbatch));
    }
    if ((pass == kFUp || pass == kIDown) && r + 1 < rank_count()) {
      start = std::max(start, end_of(r + 1, pass, microbatch));
    }
    rank.slots.resize(index(start), kNone);
    rank.slots.push_back(static_cast<signed char>(pass));
    rank.times[index(pass)].push_back(start);
  });
  ranks_ = std::move(squeezed);
}

std::vector<Action> SlotGrid::actions(int r) const {
  const Rank& rank = ranks_[index(r)];
  const int down = r, up = 2 * rank_count() - 1 - r;
  std::vector<Action> actions;
  std::array<int, 5> seen{};
  int due_up = 0, due_down = 0, weights_up = 0, weights_down = 0;
  for (signed char pass : rank.slots) {
    if (pass == kNone) continue;
    const int m = seen[index(pass)]++;
    if (pass == kFDown) actions.push_back({Op::kForward, down, m});
    if (pass == kFUp) actions.push_back({Op::kForward, up, m});
    if (pass == kIUp) {
      actions.push_back({Op::kBackwardInput, up, m});
      ++due_up;
    } else if (pass == kIDown) {
      actions.push_back({Op::kBackwardInput, down, m});
      ++due_down;
    } else if (pass == kW && due_up > 0) {
      actions.push_back({Op::kBackwardWeight, up, weights_up++});
      --due_up;
    } else if (pass == kW) {
      actions.push_back({Op::kBackwardWeight, down, weights_down++});
      --due_down;
    }
  }
  return actions;
}

}  // namespace pipetrain::generators
