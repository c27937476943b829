#include "emulate/emulate.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emulate/emulate_steps.h"
#include "emulate/emulated_rank.h"
#include "emulate/step_keeper.h"
#include "emulate/step_measure.h"
#include "emulate/wait_layer.h"
#include "setup/gather.h"

namespace pipetrain {
namespace {

constexpr int kRoundTrips = 15;
constexpr double kPauseSeconds = 2e-3;  // before a message: its receiver waits in naps by then

// Half the median round trip between this rank and `peer`, whose messages find a receiver that has
// been waiting for a while, as in a run; the one that `begins` returns it, the other 0.
double one_way_seconds(int peer, bool begins, std::int64_t message_bytes, Mailbox& mailbox,
                       MemoryPool& pool) {
  const Message message{.channel = Channel::kControl, .peer = peer};
  const Shape shape{message_bytes / 4};
  ActionClock clock;
  const auto send = [&](Tensor&& tensor) {
    clock.start();
    clock.finish(kPauseSeconds);
    mailbox.send(message, std::move(tensor));
  };
  std::vector<double> trips;
  for (int i = 0; i < kRoundTrips; ++i) {
    mailbox.post_receive(message, shape, DType::kFloat32);
    const double start = wall_seconds();
    if (begins) send(Tensor(pool, shape));
    Tensor received = mailbox.take(message, "the measurement of messages");
    trips.push_back((wall_seconds() - start) / 2 - kPauseSeconds);
    if (!begins) send(std::move(received));
    mailbox.flush();
  }
  const auto median = trips.begin() + kRoundTrips / 2;
  std::nth_element(trips.begin(), median, trips.end());
  return begins ? std::max(0.0, *median) : 0;
}

}  // namespace

Emulation emulate(const Schedule& schedule, const Costs& costs, const EmulationOptions& options,
                  const std::vector<std::string>& hosts, Mailbox& mailbox, Collective& collective,
                  MemoryPool& pool) {
  if (options.between) {
    return emulate_steps(schedule, costs, options, hosts, mailbox, collective, pool);
  }
  const Program program = emulated_program(schedule, costs);
  const Timeline simulated = simulate(program, costs);
  EmulatedRank rank(program, costs, options.message_bytes, mailbox, pool);
  Emulation result{.simulated_seconds = simulated.makespan(),
                   .bubble_simulated = simulated.bubble_fraction()};
  std::vector<WorldTime> steps;
  StepKeeper kept;
  double kept_seconds = 0;
  rank.feed(0);
  for (int step = 0; step <= options.steps; ++step) {
    if (step < options.steps) rank.feed(step + 1);
    collective.barrier();
    rank.run(step);
    RankTime mine;
    mine.add(rank.recorder());
    const WorldTime measured = measure(mine, hosts, collective);
    if (step == 0) continue;  // it connects the ranks and takes memory
    steps.push_back(measured);
    if (options.trace) kept.keep(rank.recorder(), kept_seconds + measured.delay);
    kept_seconds += measured.seconds;
    result.step_seconds.push_back(measured.seconds);
  }
  const auto median = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), median, steps.end());
  result.measured_seconds = median->seconds;
  result.bubble_measured = median->bubble(hosts.size());
  result.trace = kept.gathered(collective);
  result.peak_live_microbatches = gather({rank.take_peak_live_microbatches()}, collective).front();
  return result;
}

double measure_message_seconds(std::int64_t message_bytes, Mailbox& mailbox, Collective& collective,
                               MemoryPool& pool) {
  const int pairs = collective.size() - 1;
  double sum = 0;
  for (int left = 0; left < pairs; ++left) {
    collective.barrier();
    const bool begins = collective.rank() == left;
    if (!begins && collective.rank() != left + 1) continue;
    sum += one_way_seconds(begins ? left + 1 : left, begins, message_bytes, mailbox, pool);
  }
  collective.all_reduce(std::span(&sum, 1));
  return pairs > 0 ? sum / pairs : 0;
}

}  // namespace pipetrain
