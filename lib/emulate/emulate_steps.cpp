#include "emulate/emulate_steps.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "comm/gathered_sum.h"
#include "emulate/emulated_rank.h"
#include "emulate/step_keeper.h"
#include "emulate/step_measure.h"
#include "pipeline/overlapped_run.h"
#include "setup/gather.h"

namespace pipetrain {
namespace {

constexpr int kWarmUpSteps = 2;  // they connect the ranks and take memory

// One rank's steps. What ranks sum up after each, for the norm, is one number here.
class Steps {
 public:
  Steps(EmulatedRank& rank, Collective& ranks, StepRule rule, std::vector<OverlapPart> parts)
      : rank_(rank),
        rule_(rule),
        norm_(ranks, {static_cast<std::size_t>(ranks.rank())}),
        values_(static_cast<std::size_t>(ranks.size())) {
    if (rule != StepRule::kDelayed) return;
    overlapped_ = std::make_unique<OverlappedRun>(rank.actions(), std::move(parts), rank.engines(),
                                                  [this](const StepContext& step, Engine& engine) {
                                                    engine.finish(step, rank_.recorder());
                                                    norm_.start(values_);
                                                    started_ = true;
                                                  });
  }

  // What the ranks did goes into `kept` if it is there: microbatch m of step s, counted from
  // `first`, as s M + m.
  RankTime run(std::int64_t first, std::int64_t end, StepKeeper* kept = nullptr) {
    RankTime time;
    int turn = 0;
    const auto note = [&] {
      time.add(rank_.recorder());
      const int own = overlapped_ ? turn - 1 : turn;  // the step whose microbatch 0 is 0
      ++turn;
      if (kept == nullptr) return;
      kept->add(rank_.recorder(), rank_.recorder().origin() - time.start,
                own * rank_.context(first).microbatches);
    };
    if (!overlapped_) rank_.feed(first);
    for (std::int64_t step = first; step < end; ++step) {
      if (overlapped_) {
        settle();
        rank_.feed(step);
        overlapped_->run(rank_.context(step), rank_.recorder());
      } else {
        if (step + 1 < end) rank_.feed(step + 1);
        rank_.run(step);
        settle();
        norm_.start(values_);
        started_ = true;
        if (rule_ == StepRule::kFlush) settle();
      }
      note();
    }
    settle();
    if (overlapped_) {
      overlapped_->finish(rank_.recorder());
      note();
      settle();
    }
    return time;
  }

 private:
  void settle() {
    if (started_) norm_.take(values_);
    started_ = false;
  }

  EmulatedRank& rank_;
  StepRule rule_;
  GatheredSum norm_;
  std::vector<double> values_;
  bool started_ = false;
  std::unique_ptr<OverlappedRun> overlapped_;
};

}  // namespace

Emulation emulate_steps(const Schedule& schedule, const Costs& costs,
                        const EmulationOptions& options, const std::vector<std::string>& hosts,
                        Mailbox& mailbox, Collective& collective, MemoryPool& pool) {
  const StepRule rule = *options.between;
  const bool delayed = rule == StepRule::kDelayed;
  const Program program = emulated_program(schedule, costs);
  const Overlap overlap = delayed ? overlap_steps(program, costs) : Overlap();
  const Timeline simulated = simulate_steps(program, costs, options.steps, rule, overlap);
  EmulatedRank rank(program, costs, options.message_bytes, mailbox, pool, delayed ? 2 : 1);
  Steps steps(
      rank, collective, rule,
      delayed ? overlap[static_cast<std::size_t>(mailbox.rank())] : std::vector<OverlapPart>());
  steps.run(0, kWarmUpSteps);
  rank.take_peak_live_microbatches();
  collective.barrier();
  StepKeeper kept;
  const RankTime mine =
      steps.run(kWarmUpSteps, kWarmUpSteps + options.steps, options.trace ? &kept : nullptr);
  const WorldTime measured = measure(mine, hosts, collective);
  Emulation result{.simulated_seconds = simulated.makespan() / options.steps,
                   .measured_seconds = measured.seconds / options.steps,
                   .bubble_simulated = simulated.bubble_fraction(),
                   .bubble_measured = measured.bubble(hosts.size())};
  result.trace = kept.gathered(collective, measured.delay);
  result.step_seconds = {result.measured_seconds};
  result.peak_live_microbatches = gather({rank.take_peak_live_microbatches()}, collective).front();
  return result;
}

}  // namespace pipetrain
