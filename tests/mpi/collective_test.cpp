// Collectives over MPI give the bits of those between threads, for any size, and let messages go
// on.
#include "comm/collective.h"

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "comm/in_process.h"
#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "comm/mpi/session.h"
#include "mpi_test.h"

using namespace pipetrain;

namespace {

// Where a buffer is cut for ranks whose parts differ in size: the first one's is empty.
Cuts cuts_of(std::size_t ranks, std::size_t elements) {
  Cuts cuts{0};
  for (std::size_t r = 0; r < ranks; ++r) cuts.push_back(elements * r / ranks);
  cuts.back() = elements;
  return cuts;
}

// What `rank` gets from every operation on its own numbers of very different sizes.
struct Results {
  std::vector<float> floats, sent;
  std::vector<float> gathered, summed;  // by the started operations
  std::vector<double> doubles;
  std::vector<std::string> texts;
  friend bool operator==(const Results&, const Results&) = default;
};

void wait(Collective& collective, Pending& pending) {
  collective.wait_for([&] { return pending.done(); }, "a started operation");
}

Results results_of(Collective& collective, MemoryPool& pool, std::size_t part_elements) {
  const auto ranks = static_cast<std::size_t>(collective.size());
  const std::uint64_t key = random_key(1, "rank " + std::to_string(collective.rank()));
  Results results;
  for (std::uint64_t i = 0; i < ranks * part_elements + 1; ++i) {
    results.floats.push_back(normal_at(key, i) * (i % 3 == 0 ? 1e6f : 1.0f));
    results.doubles.push_back(static_cast<double>(results.floats.back()) * 1.1);
  }
  results.gathered = results.summed = results.floats;
  results.sent.assign(part_elements, results.floats[0]);
  // Two are under way while the rest runs.
  const Cuts cuts = cuts_of(ranks, results.floats.size());
  const auto mine = static_cast<std::size_t>(collective.rank());
  const auto scratch = static_cast<std::int64_t>(ranks * (cuts[mine + 1] - cuts[mine]));
  const auto scatter =
      collective.start_reduce_scatter(results.summed, cuts, Tensor(pool, {scratch}));
  const auto gather = collective.start_all_gather(results.gathered, cuts);
  collective.all_reduce(results.floats);
  wait(collective, *gather);
  wait(collective, *scatter);
  wait(collective, *collective.start_all_gather(results.summed, cuts));
  collective.all_reduce(results.doubles);
  collective.barrier();
  collective.broadcast(std::as_writable_bytes(std::span(results.sent)), collective.size() - 1);
  results.texts =
      collective.all_gather_text(std::string(static_cast<std::size_t>(collective.rank()), 'r'));
  return results;
}

void test_same_bits_as_in_process(const MpiSession& session, MpiCollective& collective,
                                  MemoryPool& pool, Checks& checks) {
  for (const std::size_t part_elements : {0, 1, 1000, 300'001}) {
    InProcess threads(session.size());
    Results expected;
    threads.run([&](int rank) {
      MemoryPool thread_pool;
      const Results results = results_of(*threads.collective(rank), thread_pool, part_elements);
      if (rank == session.rank()) expected = results;
    });
    MPI_CHECK(checks, results_of(collective, pool, part_elements) == expected);
    MPI_CHECK(checks, expected.summed == expected.floats);
  }
}

// Rank 1 joins the barrier only after it has received what rank 0 sent before waiting there.
void test_messages_go_on(MpiCollective& collective, MpiMailbox& mailbox, MemoryPool& pool,
                         Checks& checks) {
  const Message to{Channel::kActivation, 1, 0, 0, 0}, from{Channel::kActivation, 0, 0, 0, 0};
  constexpr std::int64_t kElements = 1 << 20;
  if (mailbox.rank() == 1) {
    mailbox.post_receive(from, {kElements}, DType::kFloat32);
    MPI_CHECK(checks, mailbox.take(from, "test").elements() == kElements);
  } else if (mailbox.rank() == 0 && mailbox.size() > 1) {
    mailbox.send(to, Tensor(pool, {kElements}));
  }
  collective.barrier();
  mailbox.flush();
}

}  // namespace

int main() {
  alarm(60);
  const MpiSession session;
  Checks checks;
  MemoryPool pool;
  {
    std::vector<int> ranks(static_cast<std::size_t>(session.size()));
    std::iota(ranks.begin(), ranks.end(), 0);
    const WaitOptions wait{.timeout_seconds = 20, .oversubscribed = session.oversubscribed()};
    MpiMailbox mailbox(ranks, pool, wait, {static_cast<int>(ranks.size()), 8});
    MpiCollective collective(ranks, pool, wait, &mailbox);
    test_same_bits_as_in_process(session, collective, pool, checks);
    test_messages_go_on(collective, mailbox, pool, checks);
  }
  MPI_CHECK(checks, pool.used_bytes() == 0);
  return checks.exit_code();
}
