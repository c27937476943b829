#include "comm/mpi/mpi_collective.h"

#include <algorithm>
#include <cassert>
#include <numeric>

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

}  // namespace

MpiCollective::MpiCollective(const std::vector<int>& world_ranks, MemoryPool& pool,
                             WaitOptions wait, Mailbox* mailbox)
    : world_ranks_(world_ranks),
      pool_(pool),
      wait_(wait),
      mailbox_(mailbox),
      communicator_(world_ranks),
      rank_(communicator_.rank()) {}

MpiCollective::~MpiCollective() {
  if (unfinished_) communicator_.release();  // after an error: freeing it could wait for ever
}

void MpiCollective::finish(MPI_Request request, const char* operation) {
  unfinished_ = true;
  const auto completed = [&] {
    if (mailbox_ != nullptr) mailbox_->poll();
    int flag = 0;
    check_mpi("MPI_Test", MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
    return flag != 0;
  };
  wait_until(completed, wait_, world_ranks_[static_cast<std::size_t>(rank_)], [&] {
    std::vector<std::string> ranks;
    for (const int r : world_ranks_) ranks.push_back(std::to_string(r));
    return std::string(operation) + " over ranks " + join(ranks);
  });
  unfinished_ = false;
}

template <class T>
void MpiCollective::exchange_and_add(const T* whole, const std::vector<int>& counts,
                                     const std::vector<int>& starts, std::span<T> sum) {
  const std::vector<int> my_counts(world_ranks_.size(), static_cast<int>(sum.size()));
  const std::vector<int> my_starts = starts_of(my_counts);
  Scratch<T> terms(pool_, sum.size() * world_ranks_.size());
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi("MPI_Ialltoallv", MPI_Ialltoallv(whole, counts.data(), starts.data(), mpi_type<T>(),
                                             terms.data(), my_counts.data(), my_starts.data(),
                                             mpi_type<T>(), communicator_.get(), &request));
  finish(request, "reduce_scatter");
  for (int r = 0; r < size(); ++r) {
    add_term<T>(r, {terms.data() + my_starts[static_cast<std::size_t>(r)], sum.size()}, sum);
  }
}

template <class T>
void MpiCollective::sum_over_ranks(std::span<T> values) {
  if (size() == 1) return;
  const auto mine = static_cast<std::size_t>(rank_);
  while (!values.empty()) {
    const std::span<T> slice = values.first(std::min(values.size(), kSliceElements));
    values = values.subspan(slice.size());
    const std::vector<int> counts = even_counts(slice.size(), world_ranks_.size());
    const std::vector<int> starts = starts_of(counts);
    exchange_and_add<T>(slice.data(), counts, starts,
                        slice.subspan(static_cast<std::size_t>(starts[mine]),
                                      static_cast<std::size_t>(counts[mine])));
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi("MPI_Iallgatherv",
              MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, slice.data(), counts.data(),
                              starts.data(), mpi_type<T>(), communicator_.get(), &request));
    finish(request, "all_reduce");
  }
}

void MpiCollective::all_reduce(std::span<double> values) { sum_over_ranks(values); }
void MpiCollective::all_reduce(std::span<float> values) { sum_over_ranks(values); }

void MpiCollective::reduce_scatter(std::span<const float> whole, std::span<float> part) {
  assert(whole.size() == part.size() * world_ranks_.size());
  mpi_count("a buffer to reduce", whole.size());
  const std::size_t longest = std::max<std::size_t>(1, kSliceElements / world_ranks_.size());
  for (std::size_t done = 0; done < part.size();) {
    const std::span<float> slice = part.subspan(done, std::min(longest, part.size() - done));
    const std::vector<int> counts(world_ranks_.size(), static_cast<int>(slice.size()));
    std::vector<int> starts;
    for (std::size_t r = 0; r < counts.size(); ++r) {
      starts.push_back(static_cast<int>(r * part.size() + done));
    }
    exchange_and_add<float>(whole.data(), counts, starts, slice);
    done += slice.size();
  }
}

void MpiCollective::all_gather(std::span<const float> part, std::span<float> whole) {
  assert(whole.size() == part.size() * world_ranks_.size());
  const int count = mpi_count("a part to gather", part.size());
  const bool in_place = part.data() == whole.data() + part.size() * static_cast<std::size_t>(rank_);
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi("MPI_Iallgather",
            MPI_Iallgather(in_place ? MPI_IN_PLACE : part.data(), count, MPI_FLOAT, whole.data(),
                           count, MPI_FLOAT, communicator_.get(), &request));
  finish(request, "all_gather");
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
