// A started MPI operation together with the buffer it reads or writes: neither is freed while the
// other is in use. It must not know messages' names or when to wait.
#pragma once

#include <mpi.h>

#include <utility>

#include "tensor/tensor.h"

namespace pipetrain {

class Request {
 public:
  Request() = default;
  static Request send(Tensor&& buffer, int peer, int tag, MPI_Comm communicator);
  static Request receive(Tensor&& buffer, int peer, int tag, MPI_Comm communicator);
  ~Request() { abandon(); }
  Request(Request&& other) noexcept { *this = std::move(other); }
  Request& operator=(Request&& other) noexcept;

  bool is_receive() const { return is_receive_; }
  bool active() const { return handle_ != MPI_REQUEST_NULL; }
  // For MPI_Testsome over many; the one that completed is told so.
  MPI_Request handle() const { return handle_; }
  void set_completed() { handle_ = MPI_REQUEST_NULL; }

  const Tensor& buffer() const { return buffer_; }
  Tensor take_buffer();  // not while active

 private:
  // An operation that will not be completed any more is cancelled; where MPI cannot, its buffer is
  // never reused.
  void abandon() noexcept;

  MPI_Request handle_ = MPI_REQUEST_NULL;
  Tensor buffer_;
  bool is_receive_ = false;
};

MPI_Datatype mpi_type_of(DType dtype);

}  // namespace pipetrain
