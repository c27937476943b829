// Collectives over MPI give the bits of those between threads, for any size, and let messages go
// on.
#include "comm/collective.h"

#include <unistd.h>

#include <cstring>
#include <numeric>

#include "base/random.h"
#include "comm/in_process.h"
#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "comm/mpi/session.h"
#include "mpi_test.h"

using namespace pipetrain;

namespace {

// What `rank` gets from every operation on its own numbers of very different sizes.
struct Results {
  std::vector<float> floats, part, gathered;
  std::vector<double> doubles;
  std::vector<std::string> texts;
  friend bool operator==(const Results&, const Results&) = default;
};

Results results_of(Collective& collective, std::size_t part_elements) {
  const auto ranks = static_cast<std::size_t>(collective.size());
  const std::uint64_t key = random_key(1, "rank " + std::to_string(collective.rank()));
  Results results;
  for (std::uint64_t i = 0; i < ranks * part_elements + 1; ++i) {
    results.floats.push_back(normal_at(key, i) * (i % 3 == 0 ? 1e6f : 1.0f));
    results.doubles.push_back(static_cast<double>(results.floats.back()) * 1.1);
  }
  const std::vector<float> whole(results.floats.begin(), results.floats.end() - 1);
  results.part.resize(part_elements);
  results.gathered.resize(whole.size());
  collective.reduce_scatter(whole, results.part);
  collective.all_gather(results.part, results.gathered);
  collective.all_reduce(results.floats);
  collective.all_reduce(results.doubles);
  collective.barrier();
  collective.broadcast(std::as_writable_bytes(std::span(results.part)), collective.size() - 1);
  results.texts =
      collective.all_gather_text(std::string(static_cast<std::size_t>(collective.rank()), 'r'));
  return results;
}

void test_same_bits_as_in_process(const MpiSession& session, MpiCollective& collective,
                                  Checks& checks) {
  for (const std::size_t part_elements : {0, 1, 1000, 300'001}) {
    InProcess threads(session.size());
    Results expected;
    threads.run([&](int rank) {
      const Results results = results_of(*threads.collective(rank), part_elements);
      if (rank == session.rank()) expected = results;
    });
    MPI_CHECK(checks, results_of(collective, part_elements) == expected);
    const float* gathered = expected.gathered.data();
    MPI_CHECK(checks, std::memcmp(gathered, expected.floats.data(),
                                  expected.gathered.size() * sizeof(float)) == 0);
  }
}

void test_gather_in_place(MpiCollective& collective, Checks& checks) {
  const auto ranks = static_cast<std::size_t>(collective.size());
  std::vector<float> whole(3 * ranks);
  const auto own = std::span(whole).subspan(3 * static_cast<std::size_t>(collective.rank()), 3);
  own.back() = static_cast<float>(collective.rank());
  collective.all_gather(own, whole);
  for (std::size_t r = 0; r < ranks; ++r) {
    MPI_CHECK(checks, whole[3 * r + 2] == static_cast<float>(r));
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
    MpiMailbox mailbox(ranks, pool, wait, 8);
    MpiCollective collective(ranks, pool, wait, &mailbox);
    test_same_bits_as_in_process(session, collective, checks);
    test_gather_in_place(collective, checks);
    test_messages_go_on(collective, mailbox, pool, checks);
  }
  MPI_CHECK(checks, pool.used_bytes() == 0);
  return checks.exit_code();
}
