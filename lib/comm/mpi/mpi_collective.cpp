#include "comm/mpi/mpi_collective.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/suggest.h"
#include "comm/mpi/check.h"
#include "comm/ordered_sum.h"

namespace pipetrain {
namespace {

// Sums go in slices of this many elements over all parts: 4 MiB of float work space, whatever the
// size of the whole.
constexpr std::size_t kSliceElements = std::size_t{1} << 20;

template <class T>
MPI_Datatype mpi_type();
template <>
MPI_Datatype mpi_type<float>() {
  return MPI_FLOAT;
}
template <>
MPI_Datatype mpi_type<double>() {
  return MPI_DOUBLE;
}

// Work space from the pool for any type.
template <class T>
class Scratch {
 public:
  Scratch(MemoryPool& pool, std::size_t elements)
      : pool_(pool), bytes_(elements * sizeof(T)), data_(static_cast<T*>(pool.take(bytes_))) {}
  ~Scratch() { pool_.give_back(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() { return data_; }

 private:
  MemoryPool& pool_;
  std::size_t bytes_;
  T* data_;
};

std::vector<int> starts_of(const std::vector<int>& counts) {
  std::vector<int> starts(counts.size());
  std::exclusive_scan(counts.begin(), counts.end(), starts.begin(), 0);
  return starts;
}

// Cuts `elements` into parts that differ by one at most.
std::vector<int> even_counts(std::size_t elements, std::size_t parts) {
  std::vector<int> counts(parts);
  for (std::size_t r = 0; r < parts; ++r) {
    counts[r] = static_cast<int>(elements * (r + 1) / parts - elements * r / parts);
  }
  return counts;
}

// The counts and starts of the parts, as MPI wants them.
struct Parts {
  explicit Parts(const Cuts& cuts) {
    mpi_count("a buffer to share out", cuts.back());
    for (std::size_t r = 0; r + 1 < cuts.size(); ++r) {
      counts.push_back(static_cast<int>(cuts[r + 1] - cuts[r]));
      starts.push_back(static_cast<int>(cuts[r]));
    }
  }
  std::vector<int> counts, starts;
};

template <class T>
void add_terms(const T* terms, std::size_t ranks, std::span<T> sum) {
  for (std::size_t r = 0; r < ranks; ++r) {
    add_term<T>(static_cast<int>(r), {terms + r * sum.size(), sum.size()}, sum);
  }
}

// One operation with all that MPI reads and writes of it.
class StartedOperation final : public Pending {
 public:
  struct Buffers {
    Parts whole, terms;  // `terms`: as many elements of this rank's part from each rank
    Tensor scratch;
  };

  StartedOperation(std::unique_ptr<Buffers> buffers, std::span<float> sum, int& unfinished)
      : buffers_(std::move(buffers)), sum_(sum), unfinished_(unfinished) {
    ++unfinished_;
  }
  ~StartedOperation() override {
    if (active()) buffers_.release();  // never deleted: MPI may still write there
  }

  MPI_Request* request() { return &request_; }
  bool active() const { return request_ != MPI_REQUEST_NULL; }

  bool done() override {
    if (!active()) return true;
    int flag = 0;
    check_mpi("MPI_Test", MPI_Test(&request_, &flag, MPI_STATUS_IGNORE));
    if (flag == 0) return false;
    --unfinished_;
    if (!buffers_->scratch.empty()) {
      add_terms<float>(buffers_->scratch.f32(), buffers_->terms.counts.size(), sum_);
    }
    return true;
  }
  Tensor take_scratch() override { return std::move(buffers_->scratch); }

 private:
  MPI_Request request_ = MPI_REQUEST_NULL;
  std::unique_ptr<Buffers> buffers_;
  std::span<float> sum_;  // this rank's part
  int& unfinished_;
};

}  // namespace

MpiCollective::MpiCollective(const std::vector<int>& world_ranks, MemoryPool& pool,
                             WaitOptions wait, Mailbox* mailbox)
    : world_ranks_(world_ranks),
      pool_(pool),
      wait_(wait),
      mailbox_(mailbox),
      communicator_(world_ranks),
      scatter_communicator_(communicator_.duplicate()),
      gather_communicator_(communicator_.duplicate()),
      rank_(communicator_.rank()) {}

MpiCollective::~MpiCollective() {
  if (unfinished_ == 0) return;
  // After an error: freeing one could wait for ever.
  for (Communicator* used : {&communicator_, &scatter_communicator_, &gather_communicator_}) {
    used->release();
  }
}

void MpiCollective::wait_for(const std::function<bool()>& done, const std::string& what) {
  const auto polled = [&] {
    if (mailbox_ != nullptr) mailbox_->poll();
    return done();
  };
  wait_until(polled, wait_, world_ranks_[static_cast<std::size_t>(rank_)], [&] {
    std::vector<std::string> ranks;
    for (const int r : world_ranks_) ranks.push_back(std::to_string(r));
    return what + " over ranks " + join(ranks);
  });
}

void MpiCollective::finish(MPI_Request request, const char* operation) {
  ++unfinished_;
  const auto completed = [&] {
    int flag = 0;
    check_mpi("MPI_Test", MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
    return flag != 0;
  };
  wait_for(completed, operation);
  --unfinished_;
}

template <class T>
void MpiCollective::exchange_and_add(std::span<T> slice, const std::vector<int>& counts,
                                     const std::vector<int>& starts) {
  const auto mine = static_cast<std::size_t>(rank_);
  const std::span<T> sum =
      slice.subspan(static_cast<std::size_t>(starts[mine]), static_cast<std::size_t>(counts[mine]));
  const std::vector<int> my_counts(world_ranks_.size(), counts[mine]);
  const std::vector<int> my_starts = starts_of(my_counts);
  Scratch<T> terms(pool_, sum.size() * world_ranks_.size());
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi("MPI_Ialltoallv",
            MPI_Ialltoallv(slice.data(), counts.data(), starts.data(), mpi_type<T>(), terms.data(),
                           my_counts.data(), my_starts.data(), mpi_type<T>(), communicator_.get(),
                           &request));
  finish(request, "all_reduce");
  add_terms<T>(terms.data(), world_ranks_.size(), sum);
}

template <class T>
void MpiCollective::sum_over_ranks(std::span<T> values) {
  if (size() == 1) return;
  while (!values.empty()) {
    const std::span<T> slice = values.first(std::min(values.size(), kSliceElements));
    values = values.subspan(slice.size());
    const std::vector<int> counts = even_counts(slice.size(), world_ranks_.size());
    const std::vector<int> starts = starts_of(counts);
    exchange_and_add<T>(slice, counts, starts);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi("MPI_Iallgatherv",
              MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, slice.data(), counts.data(),
                              starts.data(), mpi_type<T>(), communicator_.get(), &request));
    finish(request, "all_reduce");
  }
}

void MpiCollective::all_reduce(std::span<double> values) { sum_over_ranks(values); }
void MpiCollective::all_reduce(std::span<float> values) { sum_over_ranks(values); }

std::unique_ptr<Pending> MpiCollective::start_reduce_scatter(std::span<float> whole,
                                                             const Cuts& cuts, Tensor scratch) {
  assert(cuts.size() == world_ranks_.size() + 1 && cuts.back() == whole.size());
  const auto mine = static_cast<std::size_t>(rank_);
  const std::span<float> sum = whole.subspan(cuts[mine], cuts[mine + 1] - cuts[mine]);
  Cuts term_cuts;
  for (std::size_t r = 0; r < cuts.size(); ++r) term_cuts.push_back(r * sum.size());
  assert(scratch.floats().size() >= term_cuts.back());
  auto made = std::make_unique<StartedOperation::Buffers>(
      StartedOperation::Buffers{Parts(cuts), Parts(term_cuts), std::move(scratch)});
  StartedOperation::Buffers& use = *made;
  auto started = std::make_unique<StartedOperation>(std::move(made), sum, unfinished_);
  check_mpi(
      "MPI_Ialltoallv",
      MPI_Ialltoallv(whole.data(), use.whole.counts.data(), use.whole.starts.data(), MPI_FLOAT,
                     use.scratch.f32(), use.terms.counts.data(), use.terms.starts.data(), MPI_FLOAT,
                     scatter_communicator_.get(), started->request()));
  return started;
}

std::unique_ptr<Pending> MpiCollective::start_all_gather(std::span<float> whole, const Cuts& cuts) {
  assert(cuts.size() == world_ranks_.size() + 1 && cuts.back() == whole.size());
  auto made = std::make_unique<StartedOperation::Buffers>(
      StartedOperation::Buffers{Parts(cuts), Parts({0}), Tensor()});
  StartedOperation::Buffers& use = *made;
  auto started =
      std::make_unique<StartedOperation>(std::move(made), std::span<float>(), unfinished_);
  check_mpi("MPI_Iallgatherv",
            MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, whole.data(),
                            use.whole.counts.data(), use.whole.starts.data(), MPI_FLOAT,
                            gather_communicator_.get(), started->request()));
  return started;
}

void MpiCollective::broadcast(std::span<std::byte> bytes, int root) {
  const int count = mpi_count("a buffer to broadcast", bytes.size());
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi("MPI_Ibcast",
            MPI_Ibcast(bytes.data(), count, MPI_BYTE, root, communicator_.get(), &request));
  finish(request, "broadcast");
}

void MpiCollective::barrier() {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi("MPI_Ibarrier", MPI_Ibarrier(communicator_.get(), &request));
  finish(request, "barrier");
}

std::vector<std::string> MpiCollective::all_gather_text(const std::string& text) {
  const int length = mpi_count("a text to gather", text.size());
  std::vector<int> lengths(world_ranks_.size());
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi("MPI_Iallgather", MPI_Iallgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT,
                                             communicator_.get(), &request));
  finish(request, "all_gather_text");
  const std::size_t total = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
  mpi_count("the texts of all ranks", total);
  const std::vector<int> starts = starts_of(lengths);
  std::string all(total, '\0');
  check_mpi("MPI_Iallgatherv",
            MPI_Iallgatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(),
                            starts.data(), MPI_CHAR, communicator_.get(), &request));
  finish(request, "all_gather_text");
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < lengths.size(); ++r) {
    texts.push_back(
        all.substr(static_cast<std::size_t>(starts[r]), static_cast<std::size_t>(lengths[r])));
  }
  return texts;
}

}  // namespace pipetrain
