#include "emulate/emulate.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emulate/emulated_rank.h"
#include "emulate/wait_layer.h"
#include "schedule/trace/step_text.h"
#include "setup/gather.h"

namespace pipetrain {
namespace {

constexpr int kRoundTrips = 15;
constexpr double kPauseSeconds = 2e-3;  // before a message: its receiver waits in naps by then

// One step as all ranks see it.
struct MeasuredStep {
  double seconds = 0;  // from the first rank's start to the last one's end
  double busy = 0;     // of all ranks together
  double delay = 0;    // of this rank's start behind the first one's on its host
  friend bool operator<(const MeasuredStep& a, const MeasuredStep& b) {
    return a.seconds < b.seconds;
  }
};

MeasuredStep measure(const Recorder& recorder, const std::vector<std::string>& hosts,
                     Collective& collective) {
  double end = 0, busy = 0;
  for (const Span& span : recorder.spans()) {
    end = std::max(end, span.end);
    if (!span.waiting) busy += span.end - span.start;
  }
  const auto lists = gather({recorder.origin(), end, busy}, collective);
  const std::vector<double>&origins = lists[0], &ends = lists[1], &busies = lists[2];
  std::map<std::string, double> first;  // start on each host, by its own clock
  for (std::size_t r = 0; r < hosts.size(); ++r) {
    const auto [at, is_new] = first.emplace(hosts[r], origins[r]);
    if (!is_new) at->second = std::min(at->second, origins[r]);
  }
  MeasuredStep step;
  for (std::size_t r = 0; r < hosts.size(); ++r) {
    step.seconds = std::max(step.seconds, origins[r] - first.at(hosts[r]) + ends[r]);
    step.busy += busies[r];
  }
  const auto self = static_cast<std::size_t>(collective.rank());
  step.delay = origins[self] - first.at(hosts[self]);
  return step;
}

// The ranks' parts of the measured steps, one behind the other on a time that begins with the
// first.
class StepKeeper {
 public:
  void keep(const Recorder& recorder, const MeasuredStep& step) {
    std::vector<Span> spans = recorder.spans();
    for (Span& span : spans) {
      span.start += begin_ + step.delay;
      span.end += begin_ + step.delay;
    }
    texts_.push_back(rank_text(spans, {}));
    begin_ += step.seconds;
  }

  // Collective; on rank 0 the steps.
  std::vector<TracedStep> gathered(Collective& collective) const {
    std::vector<TracedStep> steps;
    for (const std::string& text : texts_) {
      const std::vector<std::string> all = collective.all_gather_text(text);
      const int number = static_cast<int>(steps.size()) + 1;
      steps.push_back(collective.rank() == 0 ? step_of_texts(number, all)
                                             : TracedStep{.step = number});
    }
    return steps;
  }

 private:
  double begin_ = 0;
  std::vector<std::string> texts_;
};

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
  const Program program = program_of(schedule, features_of(costs));
  const Timeline simulated = simulate(program, costs);
  EmulatedRank rank(program, costs, options.message_bytes, mailbox, pool);
  Emulation result{.simulated_seconds = simulated.makespan(),
                   .bubble_simulated = simulated.bubble_fraction()};
  std::vector<MeasuredStep> steps;
  StepKeeper kept;
  rank.feed(0);
  for (int step = 0; step <= options.steps; ++step) {
    if (step < options.steps) rank.feed(step + 1);
    collective.barrier();
    rank.run(step);
    const MeasuredStep measured = measure(rank.recorder(), hosts, collective);
    if (step == 0) continue;  // it connects the ranks and takes memory
    steps.push_back(measured);
    if (options.trace) kept.keep(rank.recorder(), measured);
    result.step_seconds.push_back(measured.seconds);
  }
  const auto median = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), median, steps.end());
  result.measured_seconds = median->seconds;
  result.bubble_measured = 1 - median->busy / (static_cast<double>(hosts.size()) * median->seconds);
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
