// Goes wrong in the way it is told; expect_error.sh looks at how the job ends.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "comm/mpi/error_report.h"
#include "comm/mpi/mpi_mailbox.h"

using namespace pipetrain;

namespace {

// The message of a ring: each rank takes from the one before it, and sends to the one after.
Message from_previous(const MpiMailbox& mailbox) {
  return {Channel::kActivation, (mailbox.rank() + mailbox.size() - 1) % mailbox.size(), 0, 3, 0};
}

void ring_step(MpiMailbox& mailbox, MemoryPool& pool, std::int64_t sent, std::int64_t expected) {
  mailbox.post_receive(from_previous(mailbox), {expected}, DType::kFloat32);
  mailbox.send({Channel::kActivation, (mailbox.rank() + 1) % mailbox.size(), 0, 3, 0},
               Tensor(pool, {sent}));
  mailbox.take(from_previous(mailbox), "2F3");
}

int misbehave(const MpiSession& session, ErrorReport& report, const std::string& how) {
  const int last = session.size() - 1;
  const bool is_last = session.rank() == last;
  report.agree([] {});
  if (how == "startup") {
    report.agree([&] {
      if (session.rank() >= 1)
        throw Error(ExitCode::kData, "token.bin: bad at rank " + std::to_string(session.rank()));
    });
  }
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  MemoryPool pool;
  // mpirun, not the time limit, is to end a job that lost a rank.
  const double limit = how == "kill-last" ? 10 : 1;
  const WaitOptions wait{.timeout_seconds = limit, .oversubscribed = session.oversubscribed()};
  MpiMailbox mailbox(ranks, pool, wait, {static_cast<int>(ranks.size()), 8});
  MpiCollective collective(ranks, pool, wait, &mailbox);
  if (how == "everywhere") throw Error(ExitCode::kNotFinite, "loss is not finite\nat step 3");
  if (how == "stopped-code") return static_cast<int>(ExitCode::kStopped);
  if (how == "never-sent" && is_last) {
    mailbox.post_receive(from_previous(mailbox), {4}, DType::kFloat32);
    mailbox.take(from_previous(mailbox), "2F3");
  }
  if (how == "never-joined" && is_last) collective.barrier();
  if (how == "too-long") ring_step(mailbox, pool, is_last ? 10 : 5, 5);
  if (how == "too-short") ring_step(mailbox, pool, is_last ? 4 : 5, 5);
  for (int step = 0; how == "stop-first" || how == "kill-last" || how == "stop-large"; ++step) {
    if (step == 100 && how == "kill-last" && is_last) raise(SIGKILL);
    if (step == 100 && how != "kill-last" && session.rank() == 0) raise(SIGSTOP);
    const std::int64_t elements = how == "stop-large" ? 1 << 20 : 100;
    ring_step(mailbox, pool, elements, elements);
  }
  std::this_thread::sleep_for(std::chrono::seconds(20));  // the others go on until they are ended
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  alarm(60);
  const MpiSession session;
  return run_and_report(session, [&](ErrorReport& report) {
    if (argc > 2) report.use_file(argv[2], [] { return true; });
    return misbehave(session, report, argv[1]);
  });
}
