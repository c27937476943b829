// Messages between ranks that are threads of one process.
#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "comm/mailbox.h"
#include "error_text.h"

using namespace pipetrain;

namespace {

Tensor filled(MemoryPool& pool, std::int64_t elements, float value) {
  Tensor tensor(pool, {elements});
  std::fill_n(tensor.f32(), elements, value);
  return tensor;
}

}  // namespace

TEST_CASE("Messages arrive by name, whatever the order of posting, sending and taking") {
  constexpr int kMessages = 60;
  InProcess group(2);
  group.run([&](int rank) {
    MemoryPool pool;
    {
      const auto mailbox = group.mailbox(rank, pool);
      std::vector<Message> messages;
      messages.reserve(kMessages);
      for (int i = 0; i < kMessages; ++i) {
        messages.push_back({static_cast<Channel>(i % kChannels), 1 - rank, i % 3, i / 6, i % 2});
      }
      std::mt19937 random(static_cast<unsigned>(rank));
      auto post = messages, send = messages, take = messages;
      std::shuffle(post.begin(), post.end(), random);
      std::shuffle(send.begin(), send.end(), random);
      std::shuffle(take.begin(), take.end(), random);
      const auto value = [](const Message& m) {
        return static_cast<float>(static_cast<int>(m.channel) * 1000 + m.stage * 100 +
                                  m.microbatch * 2 + m.parity);
      };
      for (const Message& m : post) mailbox->post_receive(m, {4, 2}, DType::kFloat32);
      for (const Message& m : send) mailbox->send(m, filled(pool, 8, value(m)));
      for (const Message& m : take) {
        const Tensor tensor = mailbox->take(m, "test");
        if (tensor.shape() != Shape{4, 2} || tensor.f32()[7] != value(m)) {
          throw std::runtime_error("wrong " + text_of(m));
        }
      }
      mailbox->flush();
    }
    if (pool.used_bytes() != 0) throw std::runtime_error("memory in use");
  });
}

TEST_CASE("A send to oneself is a move, with or without a posted receive") {
  InProcess group(1);
  MemoryPool pool;
  const auto mailbox = group.mailbox(0, pool);
  const Message message{Channel::kTarget, 0, 3, 1, 1};
  for (const int post_when : {0, 1, 2}) {  // never, before, after the send
    Tensor tensor = filled(pool, 6, 2.0f);
    const void* data = tensor.data();
    if (post_when == 1) mailbox->post_receive(message, {2, 3}, DType::kFloat32);
    mailbox->send(message, std::move(tensor));
    if (post_when == 2) mailbox->post_receive(message, {2, 3}, DType::kFloat32);
    const Tensor taken = mailbox->take(message, "test");
    CHECK(taken.data() == data);
    CHECK(taken.shape() == (post_when == 0 ? Shape{6} : Shape{2, 3}));
  }
  CHECK(pool.used_bytes() == 0);
}

TEST_CASE("A receive may have the caller's room") {
  InProcess group(2);
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    const Message message{Channel::kTied, 1 - rank, rank, 0, 0};
    if (rank == 0) return mailbox->send({Channel::kTied, 1, 1, 0, 0}, filled(pool, 6, 2.0f));
    float room[6] = {};
    mailbox->post_receive_into(message, Tensor::view(room, {2, 3}));
    if (mailbox->take(message, "test").data() != room || room[5] != 2.0f) {
      throw std::runtime_error("not in its room");
    }
    if (pool.system_allocations() > 0) throw std::runtime_error("takes memory of its own");
  });
}

TEST_CASE("A receive that never comes ends in an error that names who waits for what") {
  InProcess group(2, {.timeout_seconds = 0.1});
  const std::string text = error_text(ExitCode::kTimeout, [&] {
    group.run([&](int rank) {
      if (rank == 0) return;
      MemoryPool pool;
      const auto mailbox = group.mailbox(rank, pool);
      const Message message{Channel::kActivation, 0, 1, 4, 0};
      mailbox->post_receive(message, {2}, DType::kFloat32);
      mailbox->take(message, "1F4");
    });
  });
  CHECK(text.starts_with("rank 1 waited 0."));
  CHECK(contains(
      text, " s for activation for stage 1, microbatch 4, peer 0 from rank 0, which 1F4 needs"));
}

TEST_CASE("A message of the wrong size is refused") {
  InProcess group(2);
  const auto body = [&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    const Message message{Channel::kActivation, 1 - rank, 0, 0, 0};
    if (rank == 0) return mailbox->send(message, filled(pool, 8, 1.0f));
    mailbox->post_receive(message, {7}, DType::kFloat32);
    mailbox->take(message, "0F0");
  };
  CHECK(contains(error_text(ExitCode::kConfiguration, [&] { group.run(body); }),
                 "of 32 bytes, expected 28"));
}

TEST_CASE("A take without its posted receive is the caller's mistake") {
  InProcess group(2);
  MemoryPool pool;
  const auto mailbox = group.mailbox(1, pool);
  CHECK_THROWS_AS(mailbox->take({Channel::kActivation, 0, 1, 0, 0}, "1F0"), std::logic_error);
}
