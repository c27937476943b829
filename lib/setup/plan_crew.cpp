#include <omp.h>

#include <algorithm>
#include <barrier>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ops/ops.h"
#include "pipeline/recorder.h"
#include "schedule/simulate/figures.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/rank_speeds.h"
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

// "20us+1.25GB/s"
std::string text_of(const LinkRate& rate) {
  return short_number(1e6 * rate.latency_seconds) + "us+" +
         short_number(1e-9 / rate.seconds_per_byte) + "GB/s";
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

std::vector<double> RankCrew::rank_seconds(const SpeedProbe& asked) {
  SpeedProbe probe = asked;
  probe.rounds = world_.measuring_rounds();
  return measure_rank_seconds(probe, collective_);
}

// Half of there and back between rank `left` and the next; nothing on the others.
double RankCrew::message_seconds(int left, std::int64_t bytes) {
  const int rank = collective_.rank() - left;
  if (rank != 0 && rank != 1) return 0;
  int round = 0;
  const auto message = [&](int stage) {
    return Message{Channel::kActivation, left + 1 - rank, stage, round, 0};
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
  machine.cores_per_rank = world_.cores_per_rank();
  machine.real_messages = true;
  const LinkRate rate = link_rate(0, bytes);
  machine.message_latency_seconds = rate.latency_seconds;
  machine.message_bytes_per_second = 1 / rate.seconds_per_byte;
}

// Between rank `left` and the next, on every rank.
LinkRate RankCrew::link_rate(int left, std::int64_t bytes) {
  const auto from_left = [&](double seconds) {
    collective_.broadcast(std::as_writable_bytes(std::span(&seconds, 1)), left);
    return seconds;
  };
  const double small = from_left(message_seconds(left, kSmallMessage));
  const double large = from_left(message_seconds(left, bytes));
  return {.latency_seconds = small,
          .seconds_per_byte = std::max(large - small, 1e-3 * large) / static_cast<double>(bytes)};
}

std::shared_ptr<const Network> RankCrew::links(std::int64_t bytes) {
  std::vector<std::string> hosts;
  hosts.reserve(world_.places.size());
  for (const RankPlace& place : world_.places) hosts.push_back(place.host);
  const auto apart = std::ranges::adjacent_find(hosts, std::not_equal_to());
  if (apart == hosts.end()) return nullptr;
  const LinkRate between = link_rate(static_cast<int>(apart - hosts.begin()), bytes);
  const auto near = std::ranges::adjacent_find(hosts);
  const LinkRate within =
      near == hosts.end() ? between : link_rate(static_cast<int>(near - hosts.begin()), bytes);
  auto network = std::make_shared<Network>();
  link_by_hosts(*network, hosts, within, between);
  network->all_ranks = world_.size();
  network->text = "within=" + text_of(within) + ",between=" + text_of(between) + ", measured";
  return network;
}

void set_network(PlanInputs& inputs, const PlanRequest& request,
                 const std::vector<std::unique_ptr<Layer>>& layers, std::int64_t rows, Crew& crew) {
  const std::vector<LayerMeasure>& measured = inputs.model.measured.at(rows);
  const auto costliest = std::ranges::max_element(
      measured, {}, [](const LayerMeasure& layer) { return layer.cost.total(); });
  const auto layer = static_cast<std::size_t>(costliest - measured.begin());
  std::vector<double>& seconds = inputs.rank_seconds;
  seconds = settled_seconds(crew.rank_seconds(
      {.layers = layers, .layer = layer, .place = {}, .rows = rows, .rounds = {}}));
  if (static_cast<int>(seconds.size()) != request.ranks) seconds.clear();
  // Profiles are means over the ranks.
  const double mean = std::accumulate(seconds.begin(), seconds.end(), 0.0) / request.ranks;
  for (double& each : seconds) each /= mean;
  if (!request.network) return;
  if (!request.network->speeds.empty()) seconds.clear();
  for (const double speed : request.network->speeds) seconds.push_back(1 / speed);
  if (!request.network->has_links) return;
  auto network = std::make_shared<Network>(*request.network);
  network->all_ranks = request.ranks;
  network->text += ", as told";
  inputs.network = std::move(network);
}

}  // namespace pipetrain
