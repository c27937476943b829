// 1F1B-V: a V whose backwards stay whole, in about two thirds of 1F1B's memory (Qi et al. 2024,
// "Pipeline Parallelism with Controllable Memory", section 3.2 and appendix).
#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "base/index.h"
#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {
namespace {

constexpr int kInterval = 6;  // slots of two forwards and two backwards
enum Pass { kFDown, kFUp, kBUp, kBDown, kPasses };
constexpr std::array<int, kPasses> kSlots{1, 1, 2, 2};

using Block = std::vector<std::array<int, kPasses>>;  // per rank: the first slot of each pass

// Which slots of the interval a rank's passes take.
class Residues {
 public:
  void take(int slot, int slots) {
    for (int i = 0; i < slots; ++i) taken_[index((slot + i) % kInterval)] = true;
  }
  bool is_free(int slot) const { return !taken_[index(slot % kInterval)]; }
  // Room for a backward here and, if another is still to come, for that one too.
  bool has_room(int slot, bool another) const {
    if (!is_free(slot) || !is_free(slot + 1)) return false;
    if (!another) return true;
    Residues rest = *this;
    rest.take(slot, 2);
    for (int other = 0; other < kInterval; ++other) {
      if (rest.has_room(other, false)) return true;
    }
    return false;
  }

 private:
  std::array<bool, kInterval> taken_{};
};

// One microbatch down the ranks and back up, its gradient the same way back; each pass as early as
// it can be repeated every interval without meeting another.
Block block_of(int ranks) {
  Block block(index(ranks));
  std::vector<Residues> residues(index(ranks));
  const auto place = [&](int rank, Pass pass, int slot) {
    block[index(rank)][pass] = slot;
    residues[index(rank)].take(slot, kSlots[pass]);
  };
  for (int rank = 0; rank < ranks; ++rank) {
    place(rank, kFDown, rank);
    place(rank, kFUp, 2 * ranks - 1 - rank);
  }
  int slot = 2 * ranks;
  for (int i = 0; i < 2 * ranks; ++i, slot += 2) {
    const bool up = i < ranks;
    const int rank = up ? i : 2 * ranks - 1 - i;
    while (!residues[index(rank)].has_room(slot, up)) ++slot;
    place(rank, up ? kBUp : kBDown, slot);
  }
  return block;
}

// All microbatches' passes in their slots. Those of the warm-up and the cool-down then move to
// earlier idle slots, where no rank needs more memory than the largest does now (section 3.3).
class Repeated {
 public:
  Repeated(const Block& block, int microbatches)
      : ranks_(static_cast<int>(block.size())), microbatches_(microbatches) {
    for (const auto& first : block) {
      Rank& rank = rows_.emplace_back();
      const int last = *std::max_element(first.begin(), first.end());
      rank.idle.assign(index(last + kInterval * microbatches), true);
      for (int pass = 0; pass < kPasses; ++pass) {
        for (int m = 0; m < microbatches; ++m) {
          rank.start[index(pass)].push_back(first[index(pass)] + kInterval * m);
          occupy(rank, pass, rank.start[index(pass)].back(), false);
        }
      }
      limit_ = std::max(limit_, most_live(rank, static_cast<int>(rank.idle.size())));
    }
    const int first_down = block.front()[kBDown];
    const int last_forward = block.front()[kFDown] + kInterval * (microbatches - 1);
    for (const Place& place : in_time()) {
      if (place.slot < first_down || place.slot >= last_forward) move_earlier(place);
    }
  }

  RankActions actions() const {
    RankActions all(index(ranks_));
    for (const Place& place : in_time()) {
      const bool down = place.pass == kFDown || place.pass == kBDown;
      const int stage = down ? place.rank : 2 * ranks_ - 1 - place.rank;
      const Op op = place.pass < kBUp ? Op::kForward : Op::kBackward;
      all[index(place.rank)].push_back({op, stage, place.microbatch});
    }
    return all;
  }

 private:
  struct Rank {
    std::vector<bool> idle;
    std::array<std::vector<int>, kPasses> start;  // per pass and microbatch
  };
  struct Place {
    int slot, rank, pass, microbatch;
  };

  static void occupy(Rank& rank, int pass, int slot, bool idle) {
    for (int i = 0; i < kSlots[index(pass)]; ++i) rank.idle[index(slot + i)] = idle;
  }

  std::vector<Place> in_time() const {
    std::vector<Place> places;
    for (int rank = 0; rank < ranks_; ++rank) {
      for (int pass = 0; pass < kPasses; ++pass) {
        for (int m = 0; m < microbatches_; ++m) {
          places.push_back({rows_[index(rank)].start[index(pass)][index(m)], rank, pass, m});
        }
      }
    }
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
      return a.slot != b.slot ? a.slot < b.slot : a.rank < b.rank;
    });
    return places;
  }

  // Microbatches of a stage that are live at once, up to that slot: from a forward's start to its
  // backward's end.
  static int most_live(const Rank& rank, int before_slot) {
    std::vector<int> change(index(before_slot) + 1, 0);
    for (int pass = 0; pass < kPasses; ++pass) {
      const bool forward = pass < kBUp;
      for (const int slot : rank.start[index(pass)]) {
        if (slot >= before_slot) break;
        const int at = forward ? slot : slot + kSlots[index(pass)];
        change[index(std::min(at, before_slot))] += forward ? 1 : -1;
      }
    }
    int live = 0, most = 0;
    for (const int by : change) most = std::max(most, live += by);
    return most;
  }

  // The end of what the pass needs, and of the same pass of the microbatch before.
  int earliest(const Place& place) const {
    const auto end = [&](int rank, int pass, int m) {
      return rows_[index(rank)].start[index(pass)][index(m)] + kSlots[index(pass)];
    };
    const auto& [slot, r, pass, m] = place;
    int after = m > 0 ? end(r, pass, m - 1) : 0;
    const bool from_below = pass == kFDown || pass == kBUp;  // the rank before this one
    const int source = from_below ? r - 1 : r + 1;
    if (source >= 0 && source < ranks_) return std::max(after, end(source, pass, m));
    return pass == kFDown ? after : std::max(after, end(r, pass - 1, m));
  }

  void move_earlier(const Place& place) {
    Rank& rank = rows_[index(place.rank)];
    const int slots = kSlots[index(place.pass)];
    int& start = rank.start[index(place.pass)][index(place.microbatch)];
    occupy(rank, place.pass, start, true);
    for (int to = earliest(place); to < place.slot; ++to) {
      const auto first = rank.idle.begin() + to;
      if (!std::all_of(first, first + slots, [](bool idle) { return idle; })) continue;
      start = to;
      if (place.pass >= kBUp || most_live(rank, place.slot) <= limit_) break;
      start = place.slot;
    }
    occupy(rank, place.pass, start, false);
  }

  int ranks_, microbatches_, limit_ = 0;
  std::vector<Rank> rows_;
};

}  // namespace

// A B takes one cell. generate("v-1f1b", 2, 2, 3) (stages 0 and 3, stages 1 and 2):
//   0F0 0F1 0F2 3F0 3B0 3F1 3B1 0B0     3F2 3B2 0B1     0B2
//       1F0 2F0 1F1 2F1 2B0 1B0 1F2 2F2 2B1 1B1 2B2 1B2
RankActions v_1f1b(const ScheduleSizes& sizes) {
  return Repeated(block_of(sizes.ranks), sizes.microbatches).actions();
}

}  // namespace pipetrain::generators
