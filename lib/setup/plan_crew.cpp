#include <omp.h>

#include <algorithm>
#include <barrier>
#include <cstdint>
#include <cstring>
#include <exception>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "ops/ops.h"
#include "pipeline/recorder.h"
#include "setup/plan_measure.h"

namespace pipetrain {
namespace {

constexpr int kMessageRounds = 5;
constexpr std::int64_t kSmallMessage = 64;
constexpr double kEstimatedLatency = 20e-6;  // between processes of one host

// Best of some rounds of `work`, after one that warms up.
template <class Work>
double best_seconds(const Work& work) {
  double best = 0;
  for (int round = 0; round <= kMessageRounds; ++round) {
    const double start = wall_seconds();
    work();
    const double seconds = wall_seconds() - start;
    if (round == 1 || (round > 1 && seconds < best)) best = seconds;
  }
  return best;
}

}  // namespace

std::vector<double> ThreadCrew::mean(const SharedWork& work) {
  std::vector<std::vector<double>> results(static_cast<std::size_t>(copies_));
  std::vector<std::exception_ptr> errors(results.size());
  std::barrier meeting(copies_);
  std::vector<std::thread> crew;
  crew.reserve(results.size());
  for (std::size_t copy = 0; copy < results.size(); ++copy) {
    crew.emplace_back([&, copy] {
      try {
        settle_team(threads_);
        results[copy] = work([&] { meeting.arrive_and_wait(); }, copy == 0);
      } catch (...) {
        errors[copy] = std::current_exception();
      }
      meeting.arrive_and_drop();  // the others go on without it
    });
  }
  for (std::thread& member : crew) member.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  std::vector<double> mean(results.front().size());
  for (const auto& result : results) {
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += result[i] / copies_;
  }
  return mean;
}

// Through shared memory a message is copied in and out.
void ThreadCrew::describe(MachineProfile& machine, std::int64_t bytes) {
  machine.copies = copies_;
  machine.threads = threads_;
  machine.real_messages = false;
  const auto size = static_cast<std::size_t>(bytes);
  const std::vector<double> seconds = mean([&](const auto& together, bool) {
    std::vector<char> sent(size, 1), shared(size, 2), received(size, 3);
    together();
    return std::vector{best_seconds([&] {
      std::memcpy(shared.data(), sent.data(), size);
      std::memcpy(received.data(), shared.data(), size);
    })};
  });
  machine.message_latency_seconds = kEstimatedLatency;
  machine.message_bytes_per_second = static_cast<double>(bytes) / seconds.front();
}

ThreadCrew thread_crew(int cores, int ranks, const AskedThreads& asked) {
  const int threads = settle_team(asked.threads > 0 ? asked.threads : std::max(1, cores / ranks));
  return {std::clamp(cores / threads, 1, ranks), threads};
}

std::vector<double> RankCrew::mean(const SharedWork& work) {
  std::vector<double> values = work([&] { collective_.barrier(); }, true);
  collective_.all_reduce(std::span(values));
  for (double& value : values) value /= collective_.size();
  return values;
}

double RankCrew::agreed(double rank_zeros) {
  collective_.broadcast(std::as_writable_bytes(std::span(&rank_zeros, 1)), 0);
  return rank_zeros;
}

// Half of there and back between ranks 0 and 1; nothing on the others.
double RankCrew::message_seconds(std::int64_t bytes) {
  const int rank = collective_.rank();
  if (rank > 1) return 0;
  int round = 0;
  const auto message = [&](int stage) {
    return Message{Channel::kActivation, 1 - rank, stage, round, 0};
  };
  Tensor tensor(pool_, {(bytes + 3) / 4});
  const Shape shape = tensor.shape();
  const auto receive = [&] {
    mailbox_.post_receive(message(rank), shape, DType::kFloat32);
    tensor = mailbox_.take(message(rank), "the measurement of messages");
  };
  const auto send = [&] { mailbox_.send(message(1 - rank), std::move(tensor)); };
  const double seconds = best_seconds([&] {
    if (rank == 0) send();
    receive();
    if (rank == 1) send();
    ++round;
  });
  mailbox_.flush();
  return seconds / 2;
}

void RankCrew::describe(MachineProfile& machine, std::int64_t bytes) {
  machine.copies = collective_.size();
  machine.threads = omp_get_max_threads();
  machine.cores_per_rank = cores_per_rank_;
  machine.real_messages = true;
  const double small = agreed(message_seconds(kSmallMessage));
  const double large = agreed(message_seconds(bytes));
  machine.message_latency_seconds = small;
  machine.message_bytes_per_second =
      static_cast<double>(bytes) / std::max(large - small, 1e-3 * large);
}

}  // namespace pipetrain
