#include "doctor/examine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/cores.h"
#include "base/error.h"
#include "base/output.h"
#include "base/processors.h"
#include "comm/clock_offsets.h"
#include "ops/peak.h"

namespace pipetrain {
namespace {

constexpr int kRoundTrips = 21;
constexpr std::int64_t kShortMessage = 8, kLongMessage = std::int64_t{4} << 20;
constexpr int kLooks = 20;  // for a file that another host has written
constexpr std::chrono::milliseconds kBetweenLooks{100};

double time_of_day() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t limit_of(__rlimit_resource_t resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return -1;
  return static_cast<std::int64_t>(limit.rlim_cur);
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

// Seconds for one way of `bytes` between this rank and `peer`; the median of several.
double one_way_seconds(int peer, bool begins, std::int64_t bytes, Mailbox& mailbox,
                       MemoryPool& pool) {
  const Message message{.channel = Channel::kControl, .peer = peer};
  const Shape shape{bytes / static_cast<std::int64_t>(sizeof(float))};
  std::vector<double> trips;
  for (int i = 0; i < kRoundTrips; ++i) {
    mailbox.post_receive(message, shape, DType::kFloat32);
    const double start = wall_seconds();
    if (begins) {
      Tensor ball(pool, shape);
      std::ranges::fill(ball.floats(), 0.F);
      mailbox.send(message, std::move(ball));
    }
    Tensor ball = mailbox.take(message, "the measurement of messages");
    trips.push_back((wall_seconds() - start) / 2);
    if (!begins) mailbox.send(message, std::move(ball));
    mailbox.flush();
  }
  const auto median = trips.begin() + kRoundTrips / 2;
  std::nth_element(trips.begin(), median, trips.end());
  return *median;
}

// Pair after pair, so that no message waits for another pair's.
LinkRates measure_link(const GridLinks& links, MemoryPool& pool) {
  LinkRates rates;
  const int me = links.world.rank();
  for (int left = 0; left + 1 < links.world.size(); ++left) {
    links.world.barrier();
    if (me != left && me != left + 1) continue;
    const bool begins = me == left;
    const int peer = begins ? left + 1 : left;
    const double brief = one_way_seconds(peer, begins, kShortMessage, links.mailbox, pool);
    const double lengthy = one_way_seconds(peer, begins, kLongMessage, links.mailbox, pool);
    if (begins) rates = {brief, static_cast<double>(kLongMessage) / lengthy};
  }
  links.world.barrier();
  return rates;
}

// Whether the text that rank 0 writes into a file there is soon read here.
void look_at(const std::filesystem::path& directory, Collective& world, Checkup& found) {
  const std::string mine = directory.string() + "/.pipetrain-doctor-" + std::to_string(getpid()) +
                           "-" + std::to_string(static_cast<std::int64_t>(1e6 * time_of_day()));
  const std::string path = world.all_gather_text(mine).front();
  std::string problem;
  if (world.rank() == 0 && !write_whole(path, path)) {
    problem = "cannot write there: " + system_reason(directory.string());
  }
  found.directory_problem = world.all_gather_text(problem).front();
  const int looks = found.directory_problem.empty() ? kLooks : 0;
  bool seen = false;
  for (int look = 0; look < looks && !seen; ++look) {
    if (look > 0) std::this_thread::sleep_for(kBetweenLooks);
    std::ifstream file(path);
    std::string text;
    seen = static_cast<bool>(std::getline(file, text)) && text == path;
  }
  world.barrier();
  std::error_code ignored;
  if (world.rank() == 0) std::filesystem::remove(path, ignored);
  found.sees_directory = seen;
}

}  // namespace

Checkup examine(const ExamineRequest& request, const World& world, const GridLinks& links,
                MemoryPool& pool, Ops& ops) {
  const auto rank = static_cast<std::size_t>(world.rank);
  const RankPlace& place = world.places[rank];
  const double quota = processor_quota();
  const int host_cores = static_cast<int>(cores_of(online_processors()).size());
  Checkup found{.host = place.host,
                .processor = processor_name(),
                .instructions = instruction_set_description(),
                .mpi = request.mpi,
                .cores = place.cores,
                .sharing = place.sharing,
                .threads = place.threads,
                .host_cores = host_cores,
                .quota = quota < host_cores ? quota : 0,
                .free_memory_bytes = static_cast<std::int64_t>(available_bytes()),
                .open_files = limit_of(RLIMIT_NOFILE),
                .locked_memory_bytes = limit_of(RLIMIT_MEMLOCK)};
  look_at(request.directory, links.world, found);
  found.clock_ahead_seconds = clock_offsets(place.host, links.world, time_of_day)[rank];
  found.next = measure_link(links, pool);
  links.world.barrier();
  const double wall = wall_seconds(), cpu = cpu_seconds();
  found.product_flops = measure_peak_flops(ops, DType::kFloat32, request.seconds);
  found.processor_share = (cpu_seconds() - cpu) / (place.threads * (wall_seconds() - wall));
  links.world.barrier();
  found.bandwidth = measure_bandwidth(ops, bandwidth_array_bytes(), request.seconds);
  links.world.barrier();
  return found;
}

}  // namespace pipetrain
