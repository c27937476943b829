// Work that several threads share and whose results come in the order of the items, whoever is
// done first. It must not know what is worked on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace pipetrain {

// next() gives the items, an optional each, until there is none; one thread at a time calls it.
// work(item) makes a result of each, on many threads at once. take(result) gets the results in the
// order of the items, on the calling thread. What any of them throws ends it all, and is thrown
// when its turn comes: so it is the same exception for any number of threads. Items that are not
// taken yet have at most `most_bytes` (item.bytes() each), or are a single one.
template <class Next, class Work, class Take>
class OrderedWork {
 public:
  OrderedWork(std::size_t most_bytes, Next next, Work work, Take take)
      : most_bytes_(most_bytes),
        next_(std::move(next)),
        work_(std::move(work)),
        take_(std::move(take)) {}

  void run(int threads) {
    std::vector<std::jthread> workers;  // the destructor waits for them
    const Ender ender{*this};
    workers.reserve(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i) workers.emplace_back([this] { work_on_items(); });
    while (std::optional<Outcome> outcome = wait_for_next()) {
      if (outcome->error) std::rethrow_exception(outcome->error);
      take_(std::move(*outcome->result));
      const std::lock_guard lock(mutex_);
      bytes_ -= outcome->bytes;
      ++taken_;
      room_.notify_all();
    }
  }

 private:
  using Item = typename decltype(std::declval<Next>()())::value_type;
  using Result = decltype(std::declval<Work>()(std::declval<Item>()));

  struct Outcome {
    std::optional<Result> result;
    std::exception_ptr error;
    std::size_t bytes = 0;
  };
  struct Ender {
    OrderedWork& work;
    ~Ender() {
      const std::lock_guard lock(work.mutex_);
      work.ended_ = true;
      work.room_.notify_all();
    }
  };

  std::optional<Outcome> wait_for_next() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return done(); });
    const auto found = outcomes_.find(taken_);
    if (found == outcomes_.end()) return std::nullopt;
    std::optional<Outcome> outcome = std::move(found->second);
    outcomes_.erase(found);
    return outcome;
  }
  bool done() const { return outcomes_.contains(taken_) || (ended_ && taken_ == given_); }

  void work_on_items() {
    while (true) {
      Outcome outcome;
      std::optional<Item> item;
      std::int64_t number = 0;
      {
        const std::lock_guard reading(next_mutex_);
        if (!wait_for_room()) return;
        try {
          item = next_();
        } catch (...) {
          outcome.error = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        if (!item) {
          ended_ = true;
          done_.notify_all();
          if (!outcome.error) return;
        }
        number = given_++;
        outcome.bytes = item ? item->bytes() : 0;
        bytes_ += outcome.bytes;
      }
      if (item) work_on(std::move(*item), outcome);
      const std::lock_guard lock(mutex_);
      outcomes_.emplace(number, std::move(outcome));
      done_.notify_all();
    }
  }

  // False if there is nothing more to do.
  bool wait_for_room() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return ended_ || taken_ == given_ || bytes_ < most_bytes_; });
    return !ended_;
  }

  void work_on(Item item, Outcome& outcome) {
    try {
      outcome.result = work_(std::move(item));
    } catch (...) {
      outcome.error = std::current_exception();
    }
  }

  std::size_t most_bytes_;
  Next next_;
  Work work_;
  Take take_;
  std::mutex next_mutex_;                     // held while the next item is made
  std::mutex mutex_;                          // of what follows
  std::condition_variable room_, done_;       // for another item; of an outcome
  std::map<std::int64_t, Outcome> outcomes_;  // by the number of the item
  std::int64_t given_ = 0, taken_ = 0;        // items
  std::size_t bytes_ = 0;                     // of those between
  bool ended_ = false;                        // there are no more, or no more are wanted
};

}  // namespace pipetrain
