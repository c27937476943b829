#include "pipeline/tied_gradients.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "ops/embedding.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

constexpr const char* kNeededBy = "the tied gradient";
// Places of messages of rows; whole parts are numbered as they are.
constexpr std::size_t kNumbers = 0, kEntries = 1;

bool both_here(const TiedParameter& tied) { return tied.earlier.here && tied.later.here; }

// A model ties one parameter at most, so a part of it names the message.
Message tied_message(int peer, const TiedParameter::Use& use, std::size_t part, int parity) {
  return {Channel::kTied, peer, use.stage, static_cast<int>(part), parity};
}

// The numbers that count.
std::span<const std::int32_t> used(const Tensor& numbers) {
  const std::span all(numbers.i32(), static_cast<std::size_t>(numbers.elements()));
  return {all.begin(),
          std::find_if(all.begin(), all.end(), [](auto number) { return number < 0; })};
}

}  // namespace

TiedGradients::TiedGradients(ParameterStore& parameters, Mailbox& mailbox, Ops& ops,
                             std::function<int(int stage, int near)> rank_of_stage,
                             std::int64_t step_tokens, bool copies)
    : parameters_(parameters),
      mailbox_(mailbox),
      ops_(ops),
      rank_of_stage_(std::move(rank_of_stage)),
      step_tokens_(step_tokens),
      copies_(copies) {}

bool TiedGradients::by_rows(const TiedParameter& tied) const {
  return step_tokens_ > 0 && parameters_.slot_of(tied).looked_up;
}

std::int64_t TiedGradients::most_rows(const TiedParameter& tied) const {
  return std::min(step_tokens_, parameters_.slot_of(tied).parameter->shape[0]);
}

std::int64_t TiedGradients::width_of(const TiedParameter& tied) const {
  return parameters_.slot_of(tied).parameter->shape.back();
}

Matrix TiedGradients::as_table(float* gradient, const TiedParameter& tied) const {
  return {gradient, tied.parts[0].elements / width_of(tied), width_of(tied)};
}

const std::vector<std::int32_t>& TiedGradients::touched(const TiedParameter& tied) {
  numbers_ = parameters_.slot_of(tied).parameter->touched_rows;
  std::sort(numbers_.begin(), numbers_.end());
  numbers_.erase(std::unique(numbers_.begin(), numbers_.end()), numbers_.end());
  return numbers_;
}

TiedGradients::Rows TiedGradients::picked(const TiedParameter& tied) {
  const std::vector<std::int32_t>& numbers = touched(tied);
  const std::int64_t most = most_rows(tied), width = width_of(tied);
  assert(static_cast<std::int64_t>(numbers.size()) <= most);
  Rows rows{Tensor(ops_.pool(), {most}, DType::kInt32), Tensor(ops_.pool(), {most, width})};
  std::int32_t* const unused = std::copy(numbers.begin(), numbers.end(), rows.numbers.i32());
  std::fill(unused, rows.numbers.i32() + most, -1);
  const auto count = static_cast<std::int64_t>(numbers.size());
  pick_rows(ops_, numbers, as_table(tied.parts[0].earlier_gradient, tied),
            {rows.entries.f32(), count, width});
  return rows;
}

void TiedGradients::send_earlier(const TiedParameter& tied, int parity) {
  const int peer = rank_of_stage_(tied.later.stage, tied.earlier.stage);
  if (by_rows(tied)) {
    Rows rows = picked(tied);
    mailbox_.send(tied_message(peer, tied.later, kNumbers, parity), std::move(rows.numbers));
    return mailbox_.send(tied_message(peer, tied.later, kEntries, parity), std::move(rows.entries));
  }
  for (std::size_t i = 0; i < tied.parts.size(); ++i) {
    const TiedParameter::Kept& part = tied.parts[i];
    if (part.elements == 0) continue;
    mailbox_.send(tied_message(peer, tied.later, i, parity),
                  Tensor::view(part.earlier_gradient, {part.elements}));
  }
}

void TiedGradients::expect_earlier(const TiedParameter& tied, int parity) {
  const int peer = rank_of_stage_(tied.earlier.stage, tied.later.stage);
  if (by_rows(tied)) {
    const std::int64_t most = most_rows(tied), width = width_of(tied);
    mailbox_.post_receive(tied_message(peer, tied.later, kNumbers, parity), {most}, DType::kInt32);
    return mailbox_.post_receive(tied_message(peer, tied.later, kEntries, parity), {most, width},
                                 DType::kFloat32);
  }
  for (std::size_t i = 0; i < tied.parts.size(); ++i) {
    if (tied.parts[i].elements == 0) continue;
    mailbox_.post_receive(tied_message(peer, tied.later, i, parity), {tied.parts[i].elements},
                          DType::kFloat32);
  }
}

// The later use's gradient is received where the sum is to be; the earlier one's stays as it is, as
// another stage of this rank may have a view of it.
void TiedGradients::exchange(int stage, int parity) {
  for (const TiedParameter& tied : parameters_.tied()) {
    const TiedParameter::Use &mine = tied.earlier.here ? tied.earlier : tied.later,
                             &other = tied.earlier.here ? tied.later : tied.earlier;
    if (both_here(tied) || stage != mine.stage) continue;
    if (tied.later.here) expect_earlier(tied, parity);
    for (std::size_t i = 0; i < tied.parts.size(); ++i) {
      const TiedParameter::Kept& part = tied.parts[i];
      if (part.elements == 0) continue;
      Tensor in_slot = Tensor::view(part.slot_gradient, {part.elements});
      const Message message =
          tied_message(rank_of_stage_(other.stage, mine.stage), tied.earlier, i, parity);
      if (tied.earlier.here) {
        mailbox_.post_receive_into(message, std::move(in_slot));
      } else if (copies_) {
        Tensor copy(ops_.pool(), {part.elements});
        std::memcpy(copy.data(), in_slot.data(), copy.bytes());
        mailbox_.send(message, std::move(copy));
      } else {
        mailbox_.send(message, std::move(in_slot));
      }
    }
    if (tied.earlier.here) send_earlier(tied, parity);
  }
}

void TiedGradients::exchange_all(int parity) {
  for (const TiedParameter& tied : parameters_.tied()) {
    exchange(tied.earlier.here ? tied.earlier.stage : tied.later.stage, parity);
  }
}

void TiedGradients::add_earlier(const TiedParameter& tied) {
  if (by_rows(tied)) {
    const auto& [slot, earlier, elements] = tied.parts[0];
    const std::vector<std::int32_t>& numbers = both_here(tied) ? touched(tied) : numbers_;
    return add_rows(ops_, numbers, as_table(earlier, tied), as_table(slot, tied));
  }
  for (const auto& [slot, earlier, elements] : tied.parts) {
    if (elements > 0) add(ops_, Matrix(slot, 1, elements), ConstMatrix(earlier, 1, elements));
  }
}

void TiedGradients::add_received(const TiedParameter& tied, int parity) {
  const int peer = rank_of_stage_(tied.earlier.stage, tied.later.stage);
  const auto take = [&](std::size_t part) {
    return mailbox_.take(tied_message(peer, tied.later, part, parity), kNeededBy);
  };
  if (by_rows(tied)) {
    const Rows rows{take(kNumbers), take(kEntries)};
    if (!copies_) mailbox_.flush();  // what is still being sent must not change
    const std::span<const std::int32_t> numbers = used(rows.numbers);
    const auto count = static_cast<std::int64_t>(numbers.size());
    return add_picked(ops_, numbers, {rows.entries.f32(), count, width_of(tied)},
                      as_table(tied.parts[0].slot_gradient, tied));
  }
  for (std::size_t i = 0; i < tied.parts.size(); ++i) {
    const TiedParameter::Kept& part = tied.parts[i];
    if (part.elements == 0) continue;
    const Tensor theirs = take(i);
    if (!copies_) mailbox_.flush();
    add(ops_, Matrix(part.slot_gradient, 1, part.elements), theirs);
  }
}

void TiedGradients::add_up(int parity) {
  for (const TiedParameter& tied : parameters_.tied()) {
    if (!tied.earlier.here) {
      add_received(tied, parity);
      continue;
    }
    for (std::size_t i = 0; i < tied.parts.size() && !both_here(tied); ++i) {
      if (tied.parts[i].elements == 0) continue;
      const int peer = rank_of_stage_(tied.later.stage, tied.earlier.stage);
      mailbox_.take(tied_message(peer, tied.earlier, i, parity), kNeededBy);
    }
    add_earlier(tied);
  }
}

}  // namespace pipetrain
