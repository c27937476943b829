#include "pipeline/evaluation_pace.h"

#include <algorithm>

namespace pipetrain {
namespace {

const Shape kWord = {1};

}  // namespace

EvaluationPace::EvaluationPace(Mailbox& mailbox, MemoryPool& pool, std::vector<int> rank_of_stage)
    : mailbox_(mailbox),
      pool_(pool),
      last_stage_(static_cast<int>(rank_of_stage.size()) - 1),
      last_rank_(rank_of_stage.back()),
      others_(std::move(rank_of_stage)) {
  std::sort(others_.begin(), others_.end());
  others_.erase(std::unique(others_.begin(), others_.end()), others_.end());
  std::erase(others_, last_rank_);
}

Message EvaluationPace::message(int peer, int parity) const {
  return {Channel::kControl, peer, last_stage_, 0, parity};
}

void EvaluationPace::begin(const StepContext& batch) {
  if (mailbox_.rank() == last_rank_) return;
  while (begun_parities_.size() >= kBatchesUnderWay) await_first();
  mailbox_.post_receive(message(last_rank_, batch.parity()), kWord, DType::kInt32);
  begun_parities_.push_back(batch.parity());
}

void EvaluationPace::end(const StepContext& batch) {
  if (mailbox_.rank() != last_rank_) return;
  for (const int rank : others_) {
    Tensor word(pool_, kWord, DType::kInt32);
    word.i32()[0] = 1;
    mailbox_.send(message(rank, batch.parity()), std::move(word));
  }
}

void EvaluationPace::finish() {
  while (!begun_parities_.empty()) await_first();
}

void EvaluationPace::await_first() {
  mailbox_.take(message(last_rank_, begun_parities_.front()), "the next batch of the evaluation");
  begun_parities_.pop_front();
}

}  // namespace pipetrain
