#include "comm/gathered_sum.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <sstream>
#include <string>
#include <utility>

namespace pipetrain {
namespace {

constexpr std::size_t kFloats = sizeof(double) / sizeof(float);

std::string to_text(const std::vector<std::size_t>& numbers) {
  std::ostringstream text;
  for (const std::size_t number : numbers) text << number << ' ';
  return text.str();
}

std::vector<std::size_t> numbers_of(const std::string& text) {
  std::vector<std::size_t> numbers;
  std::istringstream in(text);
  for (std::size_t number = 0; in >> number;) numbers.push_back(number);
  return numbers;
}

}  // namespace

GatheredSum::GatheredSum(Collective& ranks, std::vector<std::size_t> mine)
    : ranks_(ranks), cuts_{0} {
  for (const std::string& text : ranks.all_gather_text(to_text(mine))) {
    entries_.push_back(numbers_of(text));
    cuts_.push_back(cuts_.back() + kFloats * entries_.back().size());
  }
  moved_.resize(cuts_.back());
}

void GatheredSum::start(std::span<const double> values) {
  assert(!pending_);
  const auto rank = static_cast<std::size_t>(ranks_.rank());
  float* to = moved_.data() + cuts_[rank];
  for (const std::size_t entry : entries_[rank]) {
    std::memcpy(to, &values[entry], sizeof(double));
    to += kFloats;
  }
  pending_ = ranks_.start_all_gather(moved_, cuts_);
}

// What others may still write to stays, where an error ends the run before all have come.
GatheredSum::~GatheredSum() {
  if (pending_) std::make_unique<std::vector<float>>(std::move(moved_)).release();
}

void GatheredSum::take(std::span<double> values) {
  assert(pending_);
  ranks_.wait_for([&] { return pending_->done(); }, "the figures of a step");
  pending_.reset();
  std::ranges::fill(values, 0.0);
  const float* from = moved_.data();
  for (const std::vector<std::size_t>& entries : entries_) {
    for (const std::size_t entry : entries) {
      double value = 0;
      std::memcpy(&value, from, sizeof(double));
      values[entry] += value;
      from += kFloats;
    }
  }
}

}  // namespace pipetrain
