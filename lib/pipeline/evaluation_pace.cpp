#include "pipeline/evaluation_pace.h"

#include <algorithm>
#include <set>
#include <utility>

#include "comm/grid.h"
#include "schedule/limits.h"

namespace pipetrain {
namespace {

const Shape kWord = {1};

std::vector<int> all_but(int rank, std::set<int> ranks) {
  ranks.erase(rank);
  return {ranks.begin(), ranks.end()};
}

}  // namespace

EvaluationPace::EvaluationPace(Mailbox& mailbox, MemoryPool& pool, std::vector<int> rank_of_stage,
                               const std::vector<int>& last_ranks)
    : mailbox_(mailbox), pool_(pool), last_stage_(static_cast<int>(rank_of_stage.size()) - 1) {
  const int mine = mailbox.rank(), last = rank_of_stage.back();
  std::set<int> heard{last}, told;
  if (mine == kCoordinator) heard.insert(last_ranks.begin(), last_ranks.end());
  if (mine == last) {
    told.insert(rank_of_stage.begin(), rank_of_stage.end());
    if (std::ranges::find(last_ranks, mine) != last_ranks.end()) told.insert(kCoordinator);
  }
  heard_ = all_but(mine, std::move(heard));
  told_ = all_but(mine, std::move(told));
}

Message EvaluationPace::message(int peer, int parity) const {
  return {Channel::kControl, peer, last_stage_, 0, parity};
}

void EvaluationPace::begin(const StepContext& batch) {
  while (begun_parities_.size() >= kEvaluationBatches) await_first();
  for (const int rank : heard_) {
    mailbox_.post_receive(message(rank, batch.parity()), kWord, DType::kInt32);
  }
  begun_parities_.push_back(batch.parity());
}

void EvaluationPace::end(const StepContext& batch) {
  for (const int rank : told_) {
    Tensor word(pool_, kWord, DType::kInt32);
    word.i32()[0] = 1;
    mailbox_.send(message(rank, batch.parity()), std::move(word));
  }
}

void EvaluationPace::finish() {
  while (!begun_parities_.empty()) await_first();
}

void EvaluationPace::await_first() {
  for (const int rank : heard_) {
    mailbox_.take(message(rank, begun_parities_.front()), "the next batch of the evaluation");
  }
  begun_parities_.pop_front();
}

}  // namespace pipetrain
