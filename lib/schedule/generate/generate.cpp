#include "schedule/generate/generate.h"

#include <array>
#include <cstddef>
#include <numeric>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "schedule/generate/rounds.h"

namespace pipetrain {
namespace generators {

// Each stands in the file of its schedule's name.
using Generator = RankActions(const ScheduleSizes& sizes);
Generator gpipe, one_forward_one_backward, interleaved, looped_breadth_first, zb_h1, zb_h2,
    interleaved_zero_bubble, zbv, dualpipev, v_half, v_min, eager_one_forward_one_backward,
    interleaved_ahead, grouped, hanayo, v_1f1b, chimera, dualpipe, bitpipe,
    slim_one_forward_one_backward;
std::optional<std::string> fewer_than_two_per_rank(const ScheduleSizes& sizes),
    odd_sizes(const ScheduleSizes& sizes),
    fewer_than_two_per_rank_or_odd(const ScheduleSizes& sizes);
Placement two_vs(int ranks, int virtual_stages);  // bitpipe.cpp
// The same on any placement.
using GeneratorOn = RankActions(const Placement& placement, int microbatches);
GeneratorOn gpipe_on, one_forward_one_backward_on, looped_breadth_first_on;

}  // namespace generators
namespace {

constexpr std::array kKinds{
    ScheduleKind{"gpipe", "All forwards, then all backwards; holds every microbatch.",
                 "Huang et al. 2019, arXiv 1811.06965", 1, false, Placement::loop,
                 generators::gpipe, nullptr, "any", nullptr, generators::gpipe_on,
                 /*takes_slices=*/true},
    ScheduleKind{"1f1b", "One forward and one backward in turn; holds at most p microbatches.",
                 "Narayanan et al. 2019, PipeDream", 1, false, Placement::loop,
                 generators::one_forward_one_backward, nullptr, "any", nullptr,
                 generators::one_forward_one_backward_on, /*takes_slices=*/true,
                 /*takes_vocabulary=*/true},
    ScheduleKind{"interleaved",
                 "1f1b with several stages per rank: a shorter bubble for more messages.",
                 "Narayanan et al. 2021, arXiv 2104.04473", 2, true, Placement::loop,
                 generators::interleaved, generators::unequal_rounds, "equal rounds"},
    ScheduleKind{"eager-1f1b",
                 "1f1b with twice the warm-up, so that messages travel while ranks compute; nearly "
                 "twice the memory.",
                 "Zhuang et al. 2023, arXiv 2211.05322", 1, false, Placement::loop,
                 generators::eager_one_forward_one_backward, nullptr, "any", nullptr, nullptr,
                 /*takes_slices=*/true},
    ScheduleKind{"slim-1f1b",
                 "1f1b for sequences in slices, of which a rank keeps one more than a microbatch "
                 "has: the least memory, a longer bubble.",
                 "made here, after Sun et al. 2024, arXiv 2406.03488", 1, false, Placement::loop,
                 generators::slim_one_forward_one_backward, nullptr, "any", nullptr, nullptr,
                 /*takes_slices=*/true},
    ScheduleKind{"interleaved-ahead",
                 "interleaved with one more forward before each rank's first backward.",
                 "Kimi K2 2025, arXiv 2507.20534", 2, true, Placement::loop,
                 generators::interleaved_ahead, generators::unequal_rounds, "equal rounds"},
    ScheduleKind{
        "grouped",
        "interleaved by groups of p microbatches and what is left over: less memory, any M.",
        "Wan et al. 2025, arXiv 2503.01328", 2, true, Placement::loop, generators::grouped},
    ScheduleKind{"hanayo",
                 "Stages in waves, down the ranks and back up: the more, the shorter the bubble.",
                 "Liu et al. 2023, arXiv 2308.15762", 2, true, Placement::wave, generators::hanayo},
    ScheduleKind{
        "v-1f1b",
        "Two stages per rank in a V, backwards whole, in two thirds of the memory of 1f1b.",
        "Qi et al. 2024, arXiv 2405.15362", 2, false, Placement::wave, generators::v_1f1b},
    ScheduleKind{"looped-bfs",
                 "Several stages per rank, each of which takes all microbatches before the next.",
                 "Lamy-Poirier 2022, arXiv 2211.05953", 2, true, Placement::loop,
                 generators::looped_breadth_first, nullptr, "any", nullptr,
                 generators::looped_breadth_first_on},
    ScheduleKind{"zb-h1", "1f1b whose weight gradients wait to fill the bubble, in its memory.",
                 "Qi et al. 2024, arXiv 2401.10241", 1, false, Placement::loop, generators::zb_h1,
                 nullptr, "any", nullptr, nullptr, /*takes_slices=*/true,
                 /*takes_vocabulary=*/true},
    ScheduleKind{
        "zb-h2",
        "zb-h1 with twice the warm-up: no bubble between steps that do not wait for a norm, "
        "for nearly twice the memory.",
        "Qi et al. 2024, arXiv 2401.10241", 1, false, Placement::loop, generators::zb_h2},
    ScheduleKind{"interleaved-zb",
                 "Interleaved stages whose weight gradients wait to fill the bubble.",
                 "Qi et al. 2024, arXiv 2401.10241", 2, true, Placement::loop,
                 generators::interleaved_zero_bubble, generators::unequal_rounds, "equal rounds"},
    ScheduleKind{"zbv",
                 "Two stages per rank, down the ranks and back up: where F, I and W take equal "
                 "time, hardly a bubble in the memory of 1f1b.",
                 "Qi et al. 2024, arXiv 2401.10241", 2, false, Placement::wave, generators::zbv,
                 nullptr, "any", nullptr, nullptr, /*takes_slices=*/false,
                 /*takes_vocabulary=*/true},
    ScheduleKind{"dualpipev",
                 "Two stages per rank in a V, a forward of one beside a backward of the other; "
                 "needs two microbatches per rank.",
                 "DeepSeek-V3 2024, arXiv 2412.19437", 2, false, Placement::wave,
                 generators::dualpipev, generators::fewer_than_two_per_rank, "at least 2 per rank"},
    ScheduleKind{
        "chimera",
        "Two copies of each stage, microbatches from both ends: down to half of 1f1b's bubble, for "
        "twice the weights.",
        "Li and Hoefler 2021, arXiv 2107.06925", 1, false, Placement::loop_both_ways,
        generators::chimera, generators::odd_sizes, "even, as ranks"},
    ScheduleKind{"dualpipe",
                 "Two copies of each stage, a forward of one way beside a backward of the other; "
                 "needs two microbatches per rank.",
                 "DeepSeek-V3 2024, arXiv 2412.19437", 1, false, Placement::loop_both_ways,
                 generators::dualpipe, generators::fewer_than_two_per_rank_or_odd,
                 "even, as ranks; at least 2 per rank"},
    ScheduleKind{
        "bitpipe",
        "Two Vs of two stages per rank in opposite directions, on two copies of each stage; "
        "made for M = p.",
        "Wu et al. 2024, arXiv 2410.19367", 2, false, generators::two_vs, generators::bitpipe,
        generators::odd_sizes, "even, as ranks"},
    ScheduleKind{"v-half", "Two stages per rank in a V, in about half of the memory of 1f1b.",
                 "Qi et al. 2024, arXiv 2405.15362", 2, false, Placement::wave, generators::v_half,
                 nullptr, "any", "F = I = W", nullptr, /*takes_slices=*/false,
                 /*takes_vocabulary=*/true},
    ScheduleKind{"v-min", "Two stages per rank in a V, in about a third of the memory of 1f1b.",
                 "Qi et al. 2024, arXiv 2405.15362", 2, false, Placement::wave, generators::v_min,
                 nullptr, "any", "F = I = W"},
};

template <class Wanted>
std::vector<std::string> names_of_kinds(Wanted wanted) {
  std::vector<std::string> names;
  for (const ScheduleKind& kind : kKinds) {
    if (wanted(kind)) names.emplace_back(kind.name);
  }
  return names;
}

// "interleaved, looped-bfs or interleaved-zb".
std::string names_of_any_virtual_stages() {
  std::vector<std::string> names =
      names_of_kinds([](const ScheduleKind& kind) { return kind.any_virtual_stages; });
  const std::string last = names.back();
  names.pop_back();
  return join(names) + " or " + last;
}

std::optional<std::string> why_not(const ScheduleKind& kind, const ScheduleSizes& sizes) {
  const std::string name = "schedule " + std::string(kind.name);
  const auto& [ranks, virtual_stages, microbatches, slices] = sizes;
  if (ranks < 1 || virtual_stages < 1 || microbatches < 1 || slices < 1) {
    return name + ": found " + std::to_string(ranks) + " ranks, " + std::to_string(virtual_stages) +
           " virtual stages and " + std::to_string(microbatches) + " microbatches of " +
           std::to_string(slices) + " slices; expected at least one of each";
  }
  if (!kind.takes_slices) {
    if (auto reason = why_no_slices(kind.name, slices)) return reason;
  }
  if (!kind.any_virtual_stages && virtual_stages != kind.default_virtual_stages) {
    const std::string needed = std::to_string(kind.default_virtual_stages);
    return name + " has exactly " + needed + " stage(s) per rank, found " +
           std::to_string(virtual_stages) + "; set virtual stages to " + needed + ", or take " +
           names_of_any_virtual_stages();
  }
  if (kind.missing == nullptr) return std::nullopt;
  const std::optional<std::string> missing = kind.missing(sizes);
  if (!missing) return std::nullopt;
  return name + " on " + std::to_string(ranks) + " ranks, found M=" + std::to_string(microbatches) +
         ": " + *missing;
}

// Which rank of `own` has the stages of each rank of `placement`; nothing if they differ in more
// than the order of ranks, or if stages have copies but are not at their own places.
std::optional<std::vector<int>> own_ranks_of(const Placement& own, const Placement& placement) {
  if (own.stage_count() != placement.stage_count()) return std::nullopt;
  std::vector<int> ranks;
  if (own == placement) {
    ranks.resize(static_cast<std::size_t>(own.rank_count()));
    std::iota(ranks.begin(), ranks.end(), 0);
    return ranks;
  }
  if (own.copies() > 1) return std::nullopt;
  for (int rank = 0; rank < placement.rank_count(); ++rank) {
    const std::vector<int>& stages = placement.stages_of(rank);
    const int like = own.rank_of(stages.front());
    if (own.stages_of(like) != stages) return std::nullopt;
    ranks.push_back(like);
  }
  return ranks;
}

}  // namespace

std::span<const ScheduleKind> schedule_kinds() { return kKinds; }

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names = names_of(kKinds);
  return names;
}

int default_virtual_stages(std::string_view name) {
  if (name == kSearchedSchedule) return 1;
  if (const auto reason = why_unknown(name)) throw Error(ExitCode::kConfiguration, *reason);
  return find_row(kKinds, name)->default_virtual_stages;
}

int copies_of(std::string_view name) {
  const ScheduleKind* kind = find_row(kKinds, name);
  return kind == nullptr ? 1 : kind->placement(2, kind->default_virtual_stages).copies();
}

std::optional<std::string> why_unknown(std::string_view name) {
  if (find_row(kKinds, name) != nullptr) return std::nullopt;
  std::vector<std::string> known = schedule_names();
  known.emplace_back(kSearchedSchedule);
  return "unknown schedule '" + std::string(name) + "'; expected one of " + join(known) +
         ", or a .csv file; did you mean " + nearest_word(name, known) + "?";
}

std::optional<std::string> why_no_slices(std::string_view name, int slices) {
  if (slices == 1) return std::nullopt;
  return "schedule " + std::string(name) + " takes whole sequences, found " +
         std::to_string(slices) + " slices; take " +
         join(names_of_kinds([](const ScheduleKind& k) { return k.takes_slices; })) +
         " or a table of your own";
}

std::optional<std::string> why_not(std::string_view name, int ranks, int virtual_stages,
                                   int microbatches, int slices) {
  if (auto reason = why_unknown(name)) return reason;
  return why_not(*find_row(kKinds, name), {ranks, virtual_stages, microbatches, slices});
}

std::optional<std::string> too_many_actions(std::string_view name, int ranks, int virtual_stages,
                                            int microbatches, int slices) {
  const double actions = 3.0 * ranks * virtual_stages * microbatches * slices;
  if (actions <= static_cast<double>(kMostActions)) return std::nullopt;
  return "schedule " + std::string(name) + ": found " + std::to_string(ranks) + " ranks x " +
         std::to_string(virtual_stages) + " virtual stages x " + std::to_string(microbatches) +
         " microbatches" + (slices > 1 ? " x " + std::to_string(slices) + " slices" : "") +
         "; expected at most 5 million actions (F, I and W of each); take fewer";
}

Schedule generate(std::string_view name, int ranks, int virtual_stages, int microbatches,
                  int slices) {
  if (const auto reason = why_not(name, ranks, virtual_stages, microbatches, slices)) {
    throw Error(ExitCode::kConfiguration, *reason);
  }
  const ScheduleKind& kind = *find_row(kKinds, name);
  return {kind.placement(ranks, virtual_stages), microbatches,
          kind.generate({ranks, virtual_stages, microbatches, slices}), slices};
}

std::optional<std::string> why_not(std::string_view name, const Placement& placement,
                                   int microbatches, int slices) {
  if (auto reason = why_unknown(name)) return reason;
  const ScheduleKind& kind = *find_row(kKinds, name);
  if (kind.generate_on != nullptr && slices == 1) return std::nullopt;
  const int ranks = placement.rank_count(), v = placement.most_stages();
  const bool its_stages = kind.any_virtual_stages || v == kind.default_virtual_stages;
  std::string own = kind.placement(2, kind.default_virtual_stages).name();
  if (its_stages || own == placement.name() || (slices > 1 && !kind.takes_slices)) {
    if (auto reason = why_not(kind, {ranks, v, microbatches, slices})) return reason;
    const Placement its_own = kind.placement(ranks, v);
    if (own_ranks_of(its_own, placement)) return std::nullopt;
    own = its_own.name();
  }
  const std::string text = "schedule " + std::string(name) + (slices > 1 ? " of slices" : "") +
                           " places its stages in a " + own + ", found placement " +
                           placement.name() + "; leave it out";
  if (slices > 1) return text + ", or take whole sequences or a table of your own";
  return text + ", or take " +
         join(names_of_kinds([](const ScheduleKind& k) { return k.generate_on != nullptr; })) +
         ", auto or a table of your own";
}

Schedule generate(std::string_view name, const Placement& placement, int microbatches, int slices) {
  if (const auto reason = why_not(name, placement, microbatches, slices)) {
    throw Error(ExitCode::kConfiguration, *reason);
  }
  const ScheduleKind& kind = *find_row(kKinds, name);
  if (kind.generate_on != nullptr && slices == 1) {
    return {placement, microbatches, kind.generate_on(placement, microbatches)};
  }
  const int ranks = placement.rank_count(), v = placement.most_stages();
  const RankActions own = kind.generate({ranks, v, microbatches, slices});
  Schedule schedule{placement, microbatches, {}, slices};
  const std::vector<int> own_ranks = own_ranks_of(kind.placement(ranks, v), placement).value();
  for (const int rank : own_ranks) {
    schedule.ranks.push_back(own[static_cast<std::size_t>(rank)]);
  }
  return schedule;
}

}  // namespace pipetrain
