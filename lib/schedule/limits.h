// Numbers that a run keeps to and that plans and forecasts count on: each is here alone, so that
// what was planned is what runs. It must not know who uses them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pipetrain {

// A receive is posted that many compute actions before the action that needs it.
constexpr int kReceiveAhead = 2;

// Of an evaluation's batches that are not yet through the last stage, the most that a rank has
// begun; and that the coordinator has fed, of whatever replica, but for one.
constexpr int kEvaluationBatches = 2;

// Of sharded weights a rank has so many stages whole at once: the one in use and the next.
constexpr int kMostGathered = 2;
// And so many layers' whole gradients: while one's travel, the next layer makes its own.
constexpr std::size_t kGradientRooms = 2;

// Norms and shards cut each whole tensor into chunks of this many elements.
constexpr std::int64_t kChunkElements = 4096;
// Gradients are summed over the replicas in buckets of at most this many elements: 4 MiB.
constexpr std::int64_t kBucketElements = std::int64_t{1} << 20;
// So many buckets at a time: enough to keep a link busy between two polls; more would take memory
// for little.
constexpr std::size_t kMostBucketsAtATime = 4;

}  // namespace pipetrain
