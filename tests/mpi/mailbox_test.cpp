// Messages between MPI ranks: any order, to oneself, large ones, and what is left of them
// afterwards.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "base/error.h"
#include "comm/mpi/mpi_mailbox.h"
#include "comm/mpi/session.h"
#include "mpi_test.h"

using namespace pipetrain;

namespace {

std::vector<int> everyone(const MpiSession& session) {
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

// Every rank to every rank, itself too; taken in an order of each rank's own.
void test_any_order(const MpiSession& session, MpiMailbox& mailbox, MemoryPool& pool,
                    Checks& checks) {
  std::vector<Message> messages;
  for (int peer = 0; peer < session.size(); ++peer) {
    for (int i = 0; i < 48; ++i) {
      messages.push_back({static_cast<Channel>(i % kChannels), peer, i % 4, i / 6, i % 2});
    }
  }
  std::mt19937 random(static_cast<unsigned>(session.rank()));
  const auto value = [](int from, const Message& m) {
    return from * 1000 + static_cast<int>(m.channel) * 100 + m.microbatch * 10 + m.stage;
  };
  for (const std::int64_t elements : {3, 100'000}) {  // eager and by rendezvous
    std::shuffle(messages.begin(), messages.end(), random);
    for (const Message& m : messages) mailbox.post_receive(m, {elements}, DType::kInt32);
    std::shuffle(messages.begin(), messages.end(), random);
    for (const Message& m : messages) {
      Tensor tensor(pool, {elements}, DType::kInt32);
      std::fill_n(tensor.i32(), elements, value(session.rank(), m));
      mailbox.send(m, std::move(tensor));
    }
    std::reverse(messages.begin(), messages.end());
    for (const Message& m : messages) {
      const Tensor tensor = mailbox.take(m, "test");
      MPI_CHECK(checks, tensor.i32()[elements - 1] == value(m.peer, m));
    }
  }
  mailbox.flush();
  MPI_CHECK(checks, mailbox.started_requests() == mailbox.completed_requests());
  MPI_CHECK(checks, mailbox.started_requests() ==
                        static_cast<std::uint64_t>(session.size() - 1) * 48 * 2 * 2);
  MPI_CHECK(checks, pool.used_bytes() == 0);
}

void test_self_is_a_move(const MpiSession& session, MpiMailbox& mailbox, MemoryPool& pool,
                         Checks& checks) {
  const Message message{Channel::kTarget, session.rank(), 1, 2, 0};
  for (const int post_when : {0, 1, 2}) {  // never, before, after the send
    Tensor tensor(pool, {4, 4});
    const void* data = tensor.data();
    if (post_when == 1) mailbox.post_receive(message, {16}, DType::kFloat32);
    mailbox.send(message, std::move(tensor));
    if (post_when == 2) mailbox.post_receive(message, {16}, DType::kFloat32);
    MPI_CHECK(checks, mailbox.take(message, "test").data() == data);
  }
}

// 64 MB go through while the receiver computes and polls: then there is nothing left to wait for.
void test_large_message_moves_while_computing(const MpiSession& session, MpiMailbox& mailbox,
                                              MemoryPool& pool, Checks& checks) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  constexpr std::int64_t kElements = 16 << 20;
  const int other = session.rank() ^ 1;
  if (other >= session.size()) return;
  const Message message{Channel::kActivation, other, 0, 0, 0};
  mailbox.post_receive(message, {kElements}, DType::kFloat32);
  Tensor tensor(pool, {kElements});
  tensor.floats().front() = 1.0f;
  tensor.floats().back() = static_cast<float>(session.rank());
  MPI_Barrier(MPI_COMM_WORLD);
  const std::uint64_t completed_before = mailbox.completed_requests();
  mailbox.send(message, std::move(tensor));
  volatile double work = 0;
  const auto start = Clock::now();
  while (mailbox.completed_requests() < completed_before + 2 && seconds_since(start) < 30) {
    for (int i = 0; i < 100'000; ++i) work = work + 1.0;
    mailbox.poll();
  }
  // Both the send and the receive are through before anybody waits for them.
  MPI_CHECK(checks, mailbox.completed_requests() == completed_before + 2);
  const Tensor taken = mailbox.take(message, "test");
  MPI_CHECK(checks, taken.floats().back() == static_cast<float>(other));
  mailbox.flush();
}

void test_limits(MpiMailbox& mailbox, Checks& checks) {
  const auto refused = [](const auto& body) {
    try {
      body();
    } catch (const Error& error) {
      return error.code() == ExitCode::kConfiguration;
    }
    return false;
  };
  MPI_CHECK(checks, tag_of({Channel::kActivation, 0, 63, 127, 3}, {1, 64}) == 32767);
  MPI_CHECK(checks, tag_of({Channel::kActivation, 0, 127, 4095, 3}, {64, 2}) == 32767);
  MPI_CHECK(checks, refused([] { tag_of({Channel::kActivation, 0, 3, 4096, 0}, {64, 2}); }));
  MPI_CHECK(checks, refused([] { tag_of({Channel::kActivation, 0, 128, 0, 0}, {64, 2}); }));
  if (mailbox.size() == 1) return;
  float one = 0;
  const int peer = mailbox.rank() == 0 ? 1 : 0;
  MPI_CHECK(checks, refused([&] {
              mailbox.send({Channel::kActivation, peer, 0, 0, 0},
                           Tensor::view(&one, {std::int64_t{1} << 31}));
            }));
}

// A group has ranks of its own, and what is still posted when a mailbox ends does not hold it up.
void test_groups(const MpiSession& session, Checks& checks) {
  std::vector<int> mine;
  for (int r = session.rank() % 2; r < session.size(); r += 2) mine.push_back(r);
  MemoryPool pool;
  {
    MpiMailbox mailbox(mine, pool, {.timeout_seconds = 10}, {static_cast<int>(mine.size()), 8});
    MPI_CHECK(checks, mailbox.rank() == session.rank() / 2);
    const int next = (mailbox.rank() + 1) % mailbox.size();
    const int previous = (mailbox.rank() + mailbox.size() - 1) % mailbox.size();
    mailbox.post_receive({Channel::kControl, previous, 0, 0, 0}, {1}, DType::kInt32);
    mailbox.post_receive({Channel::kControl, previous, 1, 0, 0}, {1},
                         DType::kInt32);  // never comes
    Tensor tensor(pool, {1}, DType::kInt32);
    tensor.i32()[0] = session.rank();
    mailbox.send({Channel::kControl, next, 0, 0, 0}, std::move(tensor));
    const Tensor taken = mailbox.take({Channel::kControl, previous, 0, 0, 0}, "test");
    MPI_CHECK(checks, taken.i32()[0] == mine[static_cast<std::size_t>(previous)]);
    mailbox.flush();
  }
  MPI_CHECK(checks, pool.used_bytes() == 0);
}

}  // namespace

int main() {
  alarm(60);
  const MpiSession session;
  Checks checks;
  MemoryPool pool;
  {
    MpiMailbox mailbox(everyone(session), pool,
                       {.timeout_seconds = 10, .oversubscribed = session.oversubscribed()},
                       {session.size(), 8});
    test_any_order(session, mailbox, pool, checks);
    test_self_is_a_move(session, mailbox, pool, checks);
    test_large_message_moves_while_computing(session, mailbox, pool, checks);
    test_limits(mailbox, checks);
    MPI_CHECK(checks, mailbox.started_requests() == mailbox.completed_requests());
  }
  MPI_CHECK(checks, pool.used_bytes() == 0);
  test_groups(session, checks);
  MPI_CHECK(checks, session.ranks_on_host() == session.size());
  return checks.exit_code();
}
