#include "comm/grid.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string>

#include "base/error.h"

namespace pipetrain {
namespace {

[[noreturn]] void refuse(int world, const std::string& factors) {
  throw Error(ExitCode::kConfiguration,
              "the number of ranks is " + std::to_string(world) + ", but the grid is " + factors +
                  "; start that many ranks (mpirun -np) or change parallel.data, parallel.tensor");
}

std::string factor(const std::string& name, int size) { return name + " " + std::to_string(size); }

}  // namespace

Grid::Grid(int world, int data, int tensor, int pipeline)
    : data_(data), tensor_(tensor), pipeline_(pipeline) {
  const bool positive = data >= 1 && tensor >= 1 && pipeline >= 1;
  // Each factor is at most world, so that the product of the first two fits, then of all three.
  const bool small = data <= world && tensor <= world && pipeline <= world;
  if (positive && small && std::int64_t{data} * tensor * pipeline == world) return;
  refuse(world, factor("data", data) + " x " + factor("tensor", tensor) + " x " +
                    factor("pipeline", pipeline));
}

Grid Grid::filling(int world, int data, int tensor) {
  if (data < 1 || tensor < 1 || world % (std::int64_t{data} * tensor) != 0) {
    refuse(world, factor("data", data) + " x " + factor("tensor", tensor) +
                      " x pipeline (what is left), which does not divide it");
  }
  return Grid(world, data, tensor, world / (data * tensor));
}

int Grid::rank_of(const GridPosition& position) const {
  assert(position.data < data_ && position.pipeline < pipeline_ && position.tensor < tensor_);
  return (position.data * pipeline_ + position.pipeline) * tensor_ + position.tensor;
}

GridPosition Grid::position_of(int rank) const {
  assert(rank >= 0 && rank < size());
  return {.data = rank / (tensor_ * pipeline_),
          .pipeline = rank / tensor_ % pipeline_,
          .tensor = rank % tensor_};
}

std::vector<int> Grid::data_group(int rank) const {
  std::vector<int> group;
  GridPosition position = position_of(rank);
  for (position.data = 0; position.data < data_; ++position.data) {
    group.push_back(rank_of(position));
  }
  return group;
}

std::vector<int> Grid::stage_group(int rank, int copies) const {
  std::vector<int> group = data_group(rank);
  if (copies == 1) return group;
  GridPosition facing = position_of(rank);
  facing.pipeline = pipeline_ - 1 - facing.pipeline;
  const std::vector<int> others = data_group(rank_of(facing));
  group.insert(group.end(), others.begin(), others.end());
  std::sort(group.begin(), group.end());
  return group;
}

std::vector<int> Grid::pipeline_group(int rank) const {
  std::vector<int> group;
  GridPosition position = position_of(rank);
  for (position.pipeline = 0; position.pipeline < pipeline_; ++position.pipeline) {
    group.push_back(rank_of(position));
  }
  return group;
}

std::vector<int> Grid::tensor_group(int rank) const {
  std::vector<int> group;
  GridPosition position = position_of(rank);
  for (position.tensor = 0; position.tensor < tensor_; ++position.tensor) {
    group.push_back(rank_of(position));
  }
  return group;
}

}  // namespace pipetrain
