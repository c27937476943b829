#include "comm/kept.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.h"
#include "catch.h"
#include "error_text.h"

using namespace pipetrain;

namespace {

const Message kMessage{Channel::kTarget, 2, 3, 1, 1};

}  // namespace

TEST_CASE("Messages are one only if all of their name is the same") {
  CHECK(same_name(kMessage, kMessage));
  CHECK(!same_name(kMessage, {Channel::kInput, 2, 3, 1, 1}));
  CHECK(!same_name(kMessage, {Channel::kTarget, 0, 3, 1, 1}));
  CHECK(!same_name(kMessage, {Channel::kTarget, 2, 0, 1, 1}));
  CHECK(!same_name(kMessage, {Channel::kTarget, 2, 3, 0, 1}));
  CHECK(!same_name(kMessage, {Channel::kTarget, 2, 3, 1, 0}));
}

TEST_CASE("What was kept is taken as it was posted, without a copy") {
  MemoryPool pool;
  KeptMessages kept;
  for (const bool posted_first : {true, false}) {
    Tensor tensor(pool, {6});
    const void* const data = tensor.data();
    if (posted_first) kept.post_receive(kMessage, {2, 3}, DType::kFloat32);
    kept.send(kMessage, std::move(tensor));
    if (!posted_first) kept.post_receive(kMessage, {3, 2}, DType::kFloat32);
    const Tensor taken = kept.take(kMessage, 2, "3F1");
    CHECK(taken.data() == data);
    CHECK(taken.shape() == (posted_first ? Shape{2, 3} : Shape{3, 2}));
  }
  kept.send(kMessage, Tensor(pool, {6}));  // nothing of what was posted is left
  CHECK(kept.take(kMessage, 2, "3F1").shape() == Shape{6});
  CHECK(pool.used_bytes() == 0);
}

TEST_CASE("What is posted again for a name takes the place of what was") {
  MemoryPool pool;
  KeptMessages kept;
  kept.post_receive(kMessage, {5}, DType::kInt32);
  kept.post_receive(kMessage, {3, 2}, DType::kFloat32);
  kept.send(kMessage, Tensor(pool, {6}));
  CHECK(kept.take(kMessage, 2, "3F1").shape() == Shape{3, 2});
}

TEST_CASE("What has room of the receiver's is copied there, whenever it was posted") {
  MemoryPool pool;
  KeptMessages kept;
  for (const bool posted_first : {true, false}) {
    float room[6] = {};
    Tensor sent(pool, {6});
    std::fill_n(sent.f32(), 6, 2.5f);
    const auto post = [&] { kept.post_receive_into(kMessage, Tensor::view(room, {3, 2})); };
    if (posted_first) post();
    kept.send(kMessage, std::move(sent));
    if (!posted_first) post();
    const Tensor taken = kept.take(kMessage, 2, "3F1");
    CHECK(taken.data() == room);
    CHECK(taken.shape() == Shape{3, 2});
    CHECK(room[5] == 2.5f);
  }
  CHECK(pool.used_bytes() == 0);
}

TEST_CASE("Names that differ are kept apart") {
  MemoryPool pool;
  KeptMessages kept;
  for (int microbatch = 0; microbatch < 3; ++microbatch) {
    kept.send({Channel::kTarget, 2, 3, microbatch, 1}, Tensor(pool, {microbatch + 1}));
  }
  for (const int microbatch : {1, 2, 0}) {
    CHECK(kept.take({Channel::kTarget, 2, 3, microbatch, 1}, 2, "3F1").elements() ==
          microbatch + 1);
  }
}

TEST_CASE("A message to oneself that was never sent is not waited for") {
  KeptMessages kept;
  CHECK(contains(error_text(ExitCode::kTimeout, [&] { kept.take(kMessage, 2, "3F1"); }),
                 "rank 2 needs target for stage 3, microbatch 1, peer 2 for 3F1, but has not yet "
                 "sent it to itself"));
}

TEST_CASE("A message of another size or kind than was posted is refused") {
  MemoryPool pool;
  KeptMessages kept;
  const auto take = [&] { kept.take(kMessage, 2, "3F1"); };
  kept.post_receive(kMessage, {5}, DType::kFloat32);
  kept.send(kMessage, Tensor(pool, {6}));
  CHECK(contains(error_text(ExitCode::kConfiguration, take), "rank 2 got target",
                 "of 24 bytes, expected 20; start all ranks with the same"));
  kept.post_receive(kMessage, {6}, DType::kInt32);
  kept.send(kMessage, Tensor(pool, {6}));
  CHECK(contains(error_text(ExitCode::kConfiguration, take), "of 24 bytes, expected 24"));
}

TEST_CASE("What a rank waits for is told with the sender and the action") {
  CHECK(text_of_wait(kMessage, 5, "3F1") ==
        "target for stage 3, microbatch 1, peer 2 from rank 5, which 3F1 needs");
  CHECK_THROWS_AS(throw_not_posted(2, kMessage, "3F1"), std::logic_error);
}
