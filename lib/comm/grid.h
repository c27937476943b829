// The grid of ranks, data x tensor x pipeline, and who neighbours whom in it.
// It must not know messages: it is arithmetic on rank numbers.
#pragma once

#include <vector>

namespace pipetrain {

constexpr int kCoordinator = 0;  // the rank that feeds microbatches and knows the schedule

struct GridPosition {
  int data = 0;      // which replica
  int pipeline = 0;  // which place in the pipeline
  int tensor = 0;    // which slice of a layer

  friend bool operator==(const GridPosition&, const GridPosition&) = default;
};

// Tensor-parallel ranks are neighbours, so that they share a host: they talk in every layer. Then
// come the ranks of one pipeline, then the replicas.
class Grid {
 public:
  // Error(kConfiguration) unless world == data x tensor x pipeline, each at least 1.
  Grid(int world, int data, int tensor, int pipeline);
  // The pipeline takes all ranks that data and tensor parallelism leave.
  static Grid filling(int world, int data, int tensor);

  int data() const { return data_; }
  int tensor() const { return tensor_; }
  int pipeline() const { return pipeline_; }
  int size() const { return data_ * tensor_ * pipeline_; }

  int rank_of(const GridPosition& position) const;
  GridPosition position_of(int rank) const;

  // The ranks that differ from `rank` in one coordinate only, itself among them, ascending.
  std::vector<int> data_group(int rank) const;
  // Those of data_group(rank), and where there are two `copies` of every stage, on ranks of a
  // pipeline that face each other, the ones that face them: all that have the same stages.
  std::vector<int> stage_group(int rank, int copies) const;
  std::vector<int> pipeline_group(int rank) const;
  std::vector<int> tensor_group(int rank) const;

 private:
  int data_, tensor_, pipeline_;
};

}  // namespace pipetrain
