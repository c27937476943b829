// Collective operations over a group of ranks. It must not know MPI or what the numbers mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pipetrain {

// Every call is made by all ranks of the group in the same order. All wait as Mailbox does: poll, back off, time limit.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  virtual void all_reduce(std::span<double> values) = 0;   // sum, in place
  virtual void all_reduce(std::span<float> values) = 0;    // sum, in place; the same bits on every rank
  // Equal parts: whole.size() == part.size() * size().
  virtual void reduce_scatter(std::span<const float> whole, std::span<float> part) = 0;
  virtual void all_gather(std::span<const float> part, std::span<float> whole) = 0;
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  virtual void barrier() = 0;
  // Every rank's text on every rank; lengths may differ.
  virtual std::vector<std::string> all_gather_text(const std::string& text) = 0;
};

}  // namespace pipetrain
