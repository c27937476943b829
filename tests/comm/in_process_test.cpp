#include "comm/in_process.h"

#include <atomic>
#include <memory>
#include <stdexcept>

#include "base/error.h"
#include "catch.h"
#include "error_text.h"

using namespace pipetrain;

TEST_CASE("Each rank runs once, in a thread of its own") {
  InProcess group(4);
  CHECK(group.size() == 4);
  std::atomic<int> ranks = 0;
  group.run([&](int rank) {
    group.collective(rank)->barrier();  // no thread alone comes past it
    ranks += 1 << (4 * rank);
  });
  CHECK(ranks == 0x1111);
}

TEST_CASE("When one rank fails, the others stop waiting and its error comes out") {
  InProcess group(3);
  const auto body = [&](int rank) {
    if (rank == 1) throw Error(ExitCode::kData, "bad token");
    group.collective(rank)->barrier();
  };
  CHECK_THROWS_WITH(group.run(body), "bad token");
}

TEST_CASE("One that waits when another rank has failed says for what") {
  InProcess group(2);
  CHECK_THROWS_AS(group.run([](int rank) {
    if (rank == 1) throw std::runtime_error("1");
  }),
                  std::runtime_error);
  const auto waits = [&] { group.collective(0)->barrier(); };
  CHECK(error_text(ExitCode::kTimeout, waits) ==
        "rank 0 waited for barrier over ranks 0, 1, but another rank has failed");
}

TEST_CASE("What a rank talks through outlives the group that made it") {
  MemoryPool pool;
  std::unique_ptr<Mailbox> mailbox;
  std::unique_ptr<Collective> collective;
  {
    InProcess group(1);
    mailbox = group.mailbox(0, pool);
    collective = group.collective(0);
  }
  collective->barrier();
  mailbox->send({Channel::kControl, 0, 0, 0, 0}, Tensor(pool, {3}));
  CHECK(mailbox->take({Channel::kControl, 0, 0, 0, 0}, "test").elements() == 3);
}
