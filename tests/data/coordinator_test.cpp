#include "data/coordinator.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "comm/in_process.h"
#include "data/data_error.h"
#include "data/samples.h"

using namespace pipetrain;

namespace coordinator_test {

namespace {

// Inputs of row r in pass p: 100 p + r twice; the target is the negative. Validation is pass 90.
class Numbers : public Source {
 public:
  Shape input_shape() const override { return {2}; }
  Shape target_shape() const override { return {}; }
  int vocabulary() const override { return 10000; }
  std::string description() const override { return ""; }
  nlohmann::json tokenizer() const override { return {}; }
  std::int64_t validation_rows() const override { return 100; }
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override {
    if (first_row >= lost_from && first_row < lost_to) throw Error(error, "row is gone");
    for (std::int64_t i = 0; i < inputs.shape()[0]; ++i) {
      const auto value = static_cast<std::int32_t>(100 * pass + first_row + i);
      inputs.i32()[2 * i] = inputs.i32()[2 * i + 1] = value;
      targets.i32()[i] = -value;
    }
  }
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override {
    read_training(90, first_row, inputs, targets);
  }

  std::int64_t lost_from = 0, lost_to = 0;
  ExitCode error = ExitCode::kData;
};

// Rank 0 coordinates and has the first stage of the first replica; its last stage is on ranks 1 and
// 2. The other replica is rank 3 alone.
struct Job {
  explicit Job(const Source& source)
      : mailbox(group.mailbox(0, pool)),
        coordinator(source, *mailbox, pool, {{{0}, {1, 2}}, {{3}, {3}}}, 5) {}

  // What has come to `rank`: the first number of each row.
  std::vector<std::int32_t> come(int rank, Channel channel, int microbatch, std::int64_t rows,
                                 int parity = 0) {
    const bool input = channel == Channel::kInput;
    const Message message{channel, 0, input ? 0 : 5, microbatch, parity};
    MemoryPool own;
    const auto box = rank == 0 ? nullptr : group.mailbox(rank, own);
    Mailbox& from = rank == 0 ? *mailbox : *box;
    from.post_receive(message, input ? Shape{rows, 2} : Shape{rows}, DType::kInt32);
    const Tensor tensor = from.take(message, "test");
    std::vector<std::int32_t> values;
    values.reserve(static_cast<std::size_t>(rows));
    for (std::int64_t i = 0; i < rows; ++i) values.push_back(tensor.i32()[input ? 2 * i : i]);
    return values;
  }

  InProcess group{4, {.timeout_seconds = 0.2}};
  MemoryPool pool;
  std::unique_ptr<Mailbox> mailbox;
  Coordinator coordinator;
};

using Values = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("Rows go out in their order: microbatch by microbatch, replica by replica") {
  const Numbers source;
  Job job(source);
  job.coordinator.feed({.pass = 2, .first_row = 10, .parity = 1, .microbatch_rows = {{2, 1}, {3}}});
  CHECK(job.come(0, Channel::kInput, 0, 2, 1) == Values{210, 211});
  CHECK(job.come(0, Channel::kInput, 1, 1, 1) == Values{212});
  CHECK(job.come(3, Channel::kInput, 0, 3, 1) == Values{213, 214, 215});
  for (const int rank : {1, 2}) {  // each of those that share the last stage has its own
    CHECK(job.come(rank, Channel::kTarget, 0, 2, 1) == Values{-210, -211});
    CHECK(job.come(rank, Channel::kTarget, 1, 1, 1) == Values{-212});
  }
  CHECK(job.come(3, Channel::kTarget, 0, 3, 1) == Values{-213, -214, -215});
  CHECK(job.pool.used_bytes() == 0);
  CHECK(job.coordinator.seconds() > 0);
}

TEST_CASE("Validation has rows of its own") {
  const Numbers source;
  Job job(source);
  job.coordinator.feed({.training = false, .first_row = 4, .microbatch_rows = {{1}, {1}}});
  CHECK(job.come(0, Channel::kInput, 0, 1) == Values{9004});
  CHECK(job.come(3, Channel::kTarget, 0, 1) == Values{-9005});
}

TEST_CASE("Of rows that cannot be read zeros are on their way, and the reason is returned") {
  Numbers source;
  source.lost_from = 1;
  source.lost_to = 2;
  Job job(source);
  const BatchRows batch{.microbatch_rows = {{1, 1, 1}, {2}}};
  CHECK(job.coordinator.feed_or_reason(batch) == "row is gone");
  CHECK(job.come(0, Channel::kInput, 1, 1) == Values{0});
  CHECK(job.come(2, Channel::kTarget, 1, 1) == Values{0});
  CHECK(job.come(0, Channel::kInput, 2, 1) == Values{2});
  CHECK(job.come(3, Channel::kInput, 0, 2) == Values{3, 4});
  CHECK(data_error_of([&] { job.coordinator.feed(batch); }) == "row is gone");
  source.lost_to = 0;  // of the next batch nothing is lost
  CHECK(job.coordinator.feed_or_reason(batch).empty());
}

TEST_CASE("An error that is not the data's comes out at once") {
  Numbers source;
  source.lost_to = 1;
  source.error = ExitCode::kTimeout;
  Job job(source);
  CHECK_THROWS_AS(job.coordinator.feed_or_reason({.microbatch_rows = {{1}, {1}}}), Error);
}

namespace {

// One row of six tokens, in which documents end behind the second and the fifth.
class TwoEnds : public Source {
 public:
  Shape input_shape() const override { return {6}; }
  Shape target_shape() const override { return {6}; }
  int vocabulary() const override { return 10; }
  std::string description() const override { return ""; }
  nlohmann::json tokenizer() const override { return {}; }
  std::int64_t validation_rows() const override { return 0; }
  void read_training(std::int64_t, std::int64_t, Tensor& inputs, Tensor& targets) const override {
    const std::int32_t row[] = {1, kEndsDocument, -1, 4, kEndsDocument, 6};
    for (std::int64_t i = 0; i < inputs.elements(); ++i) {
      inputs.i32()[i] = 1;
      targets.i32()[i] = row[i % 6];
    }
  }
  void read_validation(std::int64_t, Tensor&, Tensor&) const override {}
};

}  // namespace

TEST_CASE("Every stage hears where the documents of a row begin") {
  const TwoEnds source;
  InProcess group(2, {.timeout_seconds = 1});
  MemoryPool pool;
  const auto mailbox = group.mailbox(0, pool), other = group.mailbox(1, pool);
  Coordinator coordinator(source, *mailbox, pool, {{{0}, {1}, {{0}, {1}, {0}}}}, 2);
  coordinator.feed({.microbatch_rows = {{2}}});
  for (const int stage : {0, 1, 2}) {
    Mailbox& box = stage == 1 ? *other : *mailbox;
    const Message message{Channel::kDocuments, 0, stage, 0, 0};
    box.post_receive(message, {2, 6}, DType::kInt32);
    const Tensor starts = box.take(message, "test");
    const Values row(starts.i32() + 6, starts.i32() + 12);
    CHECK(row == Values{0, 0, 2, 2, 2, 5});
  }
}

namespace {

// Rows of four tokens with a label each; what fills them up begins behind one token more a row.
class FilledRows : public Source {
 public:
  Shape input_shape() const override { return {4}; }
  Shape target_shape() const override { return {}; }
  int vocabulary() const override { return 10; }
  std::string description() const override { return ""; }
  nlohmann::json tokenizer() const override { return {}; }
  std::int64_t validation_rows() const override { return 0; }
  void read_training(std::int64_t, std::int64_t, Tensor& inputs, Tensor& targets) const override {
    for (std::int64_t i = 0; i < inputs.elements(); ++i) {
      inputs.i32()[i] = i % 4 <= i / 4 ? 1 : kFilling;
      targets.i32()[i / 4] = 0;
    }
  }
  void read_validation(std::int64_t, Tensor&, Tensor&) const override {}
};

}  // namespace

TEST_CASE("Of rows with a label every stage hears where what fills them up begins") {
  const FilledRows source;
  InProcess group(1, {.timeout_seconds = 1});
  MemoryPool pool;
  const auto mailbox = group.mailbox(0, pool);
  Coordinator coordinator(source, *mailbox, pool, {{{0}, {0}, {{0}, {0}}}}, 1);
  coordinator.feed({.microbatch_rows = {{4}}});
  for (const int stage : {0, 1}) {
    const Message message{Channel::kDocuments, 0, stage, 0, 0};
    mailbox->post_receive(message, {4}, DType::kInt32);
    const Tensor lengths = mailbox->take(message, "test");
    CHECK(Values(lengths.i32(), lengths.i32() + 4) == Values{1, 2, 3, 4});
  }
}

}  // namespace coordinator_test
