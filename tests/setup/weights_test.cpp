#include "setup/weights.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "setup/pipeline_threads.h"
#include "setup/small_rank.h"

using namespace pipetrain;

namespace weights_test {

namespace {

struct Way {  // to share the model out
  Shard shard;
  int replicas, ranks;
};
const std::vector<Way> kWays = {{Shard::kNone, 1, 1},
                                {Shard::kNone, 1, 3},
                                {Shard::kNone, 2, 2},
                                {Shard::kOptimizer, 2, 1},
                                {Shard::kParameters, 2, 2}};

using Ranks = std::vector<std::unique_ptr<SmallRank>>;

Ranks ranks_of(const Way& way, Mode mode = Mode::kTrain) {
  Ranks ranks;
  for (int rank = 0; rank < way.replicas * way.ranks; ++rank) {
    ranks.push_back(std::make_unique<SmallRank>(way.shard, way.replicas, way.ranks, rank, mode));
  }
  return ranks;
}

// body(each value that a rank keeps, its parameter and place in it), and of moments likewise.
template <class Body>
void for_each_value(RankState& state, const Body& body) {
  for (StageParameters& stage : state.parameters().stages()) {
    for (const Piece& piece : stage.kept) {
      for (std::int64_t i = 0; i < piece.elements; ++i) {
        body(stage.values.f32()[piece.at + i], piece.slot->parameter->name, piece.first + i);
      }
    }
  }
}

template <class Body>
void for_each_moment(RankState& state, const Body& body) {
  for (std::size_t s = 0; s < state.updated_pieces().size(); ++s) {
    for (const Optimizer::Moment& moment : state.optimizer().moments(s)) {
      float* at = moment.values->f32();
      for (const Piece& piece : state.updated_pieces()[s]) {
        for (std::int64_t i = 0; i < piece.elements; ++i) {
          body(*at++, moment.name + piece.slot->parameter->name, piece.first + i);
        }
      }
    }
  }
}

// A number that tells every entry of every tensor from the others, nearly always.
float number_of(const std::string& name, std::int64_t entry) {
  std::uint32_t number = 7;
  for (const char c : name) number = number * 31 + static_cast<unsigned char>(c);
  return static_cast<float>((number + static_cast<std::uint32_t>(entry) * 17) % 100003);
}

void save(const Ranks& ranks, const std::string& folder) {
  begin_checkpoint(folder, 1);
  std::vector<std::string> lists;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    lists.push_back(write_rank_file(folder, 1, static_cast<int>(r), static_cast<int>(ranks.size()),
                                    tensors_to_save(ranks[r]->state)));
  }
  finish_checkpoint(folder, {.step = 1}, lists, R"({"type": "none"})", "");
}

Checkpoint saved_in(const std::string& folder) {
  return open_checkpoint(checkpoint_folder(folder, 1));
}

}  // namespace

TEST_CASE("What was saved by ranks of one kind is loaded by ranks of any other") {
  for (const Way& writer : kWays) {
    const TemporaryFolder folder;
    const Ranks writers = ranks_of(writer);
    const auto set = [](float& value, const std::string& name, std::int64_t entry) {
      value = number_of(name, entry);
    };
    for (const auto& rank : writers) {
      for_each_value(rank->state, set);
      for_each_moment(rank->state, set);
    }
    save(writers, folder.path("run"));
    for (const Way& reader : kWays) {
      INFO(name_of(kShards, writer.shard)
           << " x " << writer.ranks << " -> " << name_of(kShards, reader.shard) << " x "
           << reader.ranks);
      std::int64_t wrong = 0, all = 0;
      const auto compare = [&](const float& value, const std::string& name, std::int64_t entry) {
        ++all;
        if (value != number_of(name, entry)) ++wrong;
      };
      for (const auto& rank : ranks_of(reader)) {
        load_weights(saved_in(folder.path("run")), rank->state);
        load_moments(saved_in(folder.path("run")), rank->state);
        for_each_value(rank->state, compare);
        for_each_moment(rank->state, compare);
      }
      CHECK(wrong == 0);
      CHECK(all > 0);
    }
  }
}

TEST_CASE("Replicas write together what one writes alone") {
  for (const Way& way : kWays) {
    std::int64_t elements = 0;
    for (const auto& rank : ranks_of(way)) {
      for (const CheckpointTensor& tensor : tensors_to_save(rank->state)) {
        elements += elements_of(tensor.extent.empty() ? tensor.shape : tensor.extent, tensor.name);
      }
    }
    const SmallRank whole(Shard::kNone, 1, 1, 0);
    CHECK(elements == 3 * parameter_count(whole.model.layers));  // weights and two moments
  }
}

TEST_CASE("Weights alone begin a run, but do not go on with one") {
  const TemporaryFolder folder;
  save(ranks_of({Shard::kNone, 1, 1}, Mode::kEvaluate), folder.path("run"));
  SmallRank rank(Shard::kNone, 1, 1, 0);
  CHECK_NOTHROW(load_weights(saved_in(folder.path("run")), rank.state));
  CHECK_THROWS_WITH(load_moments(saved_in(folder.path("run")), rank.state),
                    ContainsSubstring("has no tensor optimizer.first_moment"));
}

TEST_CASE("Data must be cut into tokens as in training") {
  const TemporaryFolder folder;
  save(ranks_of({Shard::kNone, 1, 1}, Mode::kEvaluate), folder.path("run"));
  const Checkpoint checkpoint = saved_in(folder.path("run"));
  const FixedSource same = FixedSource::counting(8, 4, 13);
  CHECK_NOTHROW(check_tokenizer(checkpoint, same));
}

}  // namespace weights_test
