#include "comm/in_process.h"

#include <cstddef>
#include <exception>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/error.h"
#include "comm/in_process_state.h"

namespace pipetrain {

void InProcessState::wait_for(const std::function<bool()>& done, int rank,
                              const std::function<std::string()>& what) const {
  const auto done_or_failed = [&] {
    if (done()) return true;
    if (!failed) return false;
    throw Error(ExitCode::kTimeout, "rank " + std::to_string(rank) + " waited for " + what() +
                                        ", but another rank has failed");
  };
  wait_until(done_or_failed, wait, rank, what);
}

Meeting& InProcessState::meeting(const std::vector<int>& group) {
  const std::lock_guard lock(meetings_mutex);
  std::unique_ptr<Meeting>& meeting = meetings[group];
  if (meeting == nullptr) {
    meeting = std::make_unique<Meeting>();
    meeting->laid_down.resize(group.size());
  }
  return *meeting;
}

InProcess::InProcess(int ranks, WaitOptions wait)
    : state_(std::make_shared<InProcessState>(ranks, wait)) {}

InProcess::~InProcess() = default;

int InProcess::size() const { return static_cast<int>(state_->inboxes.size()); }

std::unique_ptr<Mailbox> InProcess::mailbox(int rank, MemoryPool& pool) {
  return make_in_process_mailbox(state_, rank, pool);
}

std::unique_ptr<Collective> InProcess::collective(int rank) {
  std::vector<int> all(state_->inboxes.size());
  std::iota(all.begin(), all.end(), 0);
  return collective(rank, all);
}

std::unique_ptr<Collective> InProcess::collective(int rank, const std::vector<int>& group) {
  return make_in_process_collective(state_, rank, group);
}

void InProcess::run(const std::function<void(int rank)>& body) {
  std::mutex mutex;
  std::exception_ptr first;
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < size(); ++rank) {
    threads.emplace_back([&, rank] {
      try {
        body(rank);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (first == nullptr) first = std::current_exception();
        state_->failed = true;
      }
    });
  }
  threads.clear();  // joins
  if (first != nullptr) std::rethrow_exception(first);
  for (std::size_t rank = 0; rank < state_->inboxes.size(); ++rank) {
    if (state_->inboxes[rank].letters.empty()) continue;
    const Message& message = state_->inboxes[rank].letters.front().message;
    throw std::logic_error("rank " + std::to_string(rank) + " never takes the " + text_of(message));
  }
}

}  // namespace pipetrain
