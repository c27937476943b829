#include "schedule/search/vocabulary_search.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/error.h"
#include "schedule/generate/generate.h"
#include "schedule/search/vocabulary.h"
#include "schedule/simulate/network.h"

namespace pipetrain::search {
namespace {

// In shares of a whole rank.
double limit_of(int ranks, int microbatches, const AutoOptions& options) {
  return options.live_microbatches > 0
             ? options.live_microbatches
             : std::min(microbatches, ranks + usual_rule(options.vocabulary).ahead);
}

// The search without pieces, in the memory that running `ahead` leaves.
AutoOptions without_pieces(AutoOptions options, double limit, int ahead) {
  options.vocabulary = VocabularyPlace::kWhole;
  options.live_microbatches = std::max(1.0, limit - ahead);
  return options;
}

class Candidates {
 public:
  Candidates(VocabularyPlace place, Costs costs, double limit)
      : place_(place), costs_(std::move(costs)), limit_(limit) {}

  // Under all rules that keep to the limit.
  void add(const Schedule& orders) {
    if (!accumulates_in_ascending_order(orders)) return;
    for (int ahead = 0; ahead <= usual_rule(place_).ahead + 1; ++ahead) {
      for (const double patience : {0.0, 0.5, 1.0}) {
        for (const int kept : {0, 1, 2, orders.rank_count()}) {
          auto made = with_vocabulary(orders, costs_, {place_, ahead, patience, kept});
          if (made) add_made(*std::move(made));
        }
      }
    }
  }

  bool empty() const { return best_.ranks.empty(); }
  Schedule take() && { return std::move(best_); }

 private:
  void add_made(Schedule made) {
    constexpr double kRounding = 1e-9;
    const Timeline timeline = simulate(made, costs_);
    const double most = *std::ranges::max_element(timeline.peak_live_microbatches);
    if (most > limit_ + kRounding) return;
    if (!empty() && timeline.makespan() >= makespan_ * (1 - kRounding)) return;
    best_ = std::move(made);
    makespan_ = timeline.makespan();
  }

  VocabularyPlace place_;
  Costs costs_;
  double limit_;
  Schedule best_;
  double makespan_ = 0;
};

}  // namespace

Schedule schedule_with_vocabulary(int ranks, int microbatches, const Costs& costs,
                                  const AutoOptions& options) {
  const double limit = limit_of(ranks, microbatches, options);
  const int stages = static_cast<int>(costs.stages.size());
  if (const auto reason = why_no_search(ranks, microbatches, stages, options)) {
    throw Error(ExitCode::kConfiguration, *reason);
  }
  Candidates candidates(options.vocabulary, costs, limit);
  for (const ScheduleKind& kind : schedule_kinds()) {
    const int v = stages / ranks;
    const bool own = stages % ranks == 0 && copies_of(kind.name) == 1 &&
                     !why_not(kind.name, ranks, v, microbatches) &&
                     (!options.placement || kind.placement(ranks, v) == *options.placement);
    if (own) candidates.add(generate(kind.name, ranks, v, microbatches));
  }
  // Pieces take their ranks' time, but shift no work from one to another.
  const int most_ahead = usual_rule(options.vocabulary).ahead;
  for (int ahead = 0; ahead <= most_ahead; ++ahead) {
    AutoOptions search = without_pieces(options, limit, ahead);
    search.effort /= most_ahead + 1;
    candidates.add(auto_schedule(ranks, microbatches, costs, search));
  }
  if (candidates.empty()) {
    throw Error(ExitCode::kConfiguration,
                "schedule auto: no order keeps to the limit on live microbatches with the "
                "vocabulary over the pipeline; allow one more");
  }
  return std::move(candidates).take();
}

double least_with_vocabulary(int ranks, int microbatches, const Costs& costs,
                             const AutoOptions& options) {
  const double limit = limit_of(ranks, microbatches, options);
  double least =
      least_makespan(ranks, microbatches, costs, without_pieces(options, limit, /*ahead=*/0));
  if (!options.placement) return least;
  const Costs own = at_rank_speeds(costs, *options.placement);
  for (int rank = 0; rank < ranks; ++rank) {
    const PieceCost& piece = own.pieces[static_cast<std::size_t>(rank)];
    double work = piece.forward + piece.backward;
    for (const int stage : options.placement->stages_of(rank)) {
      work += own.stages[static_cast<std::size_t>(stage)].total();
    }
    least = std::max(least, work * microbatches);
  }
  return least;
}

}  // namespace pipetrain::search
