#include "comm/mpi/request.h"

#include <cassert>
#include <cstddef>
#include <utility>

#include "comm/mpi/check.h"
#include "comm/mpi/communicator.h"

namespace pipetrain {

MPI_Datatype mpi_type_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return MPI_FLOAT;
    case DType::kBFloat16: return MPI_UINT16_T;
    case DType::kInt32: return MPI_INT32_T;
    case DType::kUInt8: return MPI_UINT8_T;
  }
  return MPI_DATATYPE_NULL;
}

// Elements are counted, not bytes: the limit is 2^31 - 1 of them, 8 GiB of float32.
Request Request::send(Tensor&& buffer, int peer, int tag, MPI_Comm communicator) {
  Request request;
  request.buffer_ = std::move(buffer);
  const Tensor& sent = request.buffer_;
  const int count = mpi_count("a message", static_cast<std::size_t>(sent.elements()));
  check_mpi("MPI_Isend", MPI_Isend(sent.data(), count, mpi_type_of(sent.dtype()), peer, tag,
                                   communicator, &request.handle_));
  return request;
}

Request Request::receive(Tensor&& buffer, int peer, int tag, MPI_Comm communicator) {
  Request request;
  request.is_receive_ = true;
  request.buffer_ = std::move(buffer);
  Tensor& received = request.buffer_;
  const int count = mpi_count("a message", static_cast<std::size_t>(received.elements()));
  check_mpi("MPI_Irecv", MPI_Irecv(received.data(), count, mpi_type_of(received.dtype()), peer, tag,
                                   communicator, &request.handle_));
  return request;
}

Request& Request::operator=(Request&& other) noexcept {
  if (this != &other) {
    abandon();
    handle_ = std::exchange(other.handle_, MPI_REQUEST_NULL);
    buffer_ = std::move(other.buffer_);
    is_receive_ = other.is_receive_;
  }
  return *this;
}

Tensor Request::take_buffer() {
  assert(!active());
  return std::move(buffer_);
}

void Request::abandon() noexcept {
  if (!active()) return;
  int completed = 0;
  if (mpi_is_up()) {
    // A send cannot be cancelled, nor a receive whose message is already coming in; MPI_Wait could
    // then hang.
    if (is_receive_) MPI_Cancel(&handle_);
    if (MPI_Test(&handle_, &completed, MPI_STATUS_IGNORE) != MPI_SUCCESS) completed = 0;
  }
  if (completed == 0) new Tensor(std::move(buffer_));  // never deleted: MPI may still write there
  handle_ = MPI_REQUEST_NULL;
}

}  // namespace pipetrain
