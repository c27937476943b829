// Documents that share a row and do not see each other train as if each had a row of its own, with
// learned and with rotary positions, in float32 and bfloat16, on any ranks.
#include <cstdint>
#include <string>

#include "catch.h"
#include "trained.h"

using namespace pipetrain;

namespace documents_test {

namespace {

constexpr int kRows = 6;
constexpr std::int64_t kTokens = 12, kShort = 4;  // of a row, and of each document

// Rows of three documents, or a row for each; the last token of each has no target.
class Packed : public FixedSource {
 public:
  explicit Packed(bool apart)
      : FixedSource(apart ? FixedSource::counting(3 * kRows, kShort, 65)
                          : FixedSource::counting(kRows, kTokens, 65)) {}
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override {
    FixedSource::read_training(pass, first_row, inputs, targets);
    for (std::int64_t i = kShort - 1; i < targets.elements(); i += kShort) {
      targets.i32()[i] = kEndsDocument;
    }
  }
};

Config model(const std::string& preset, bool apart, int microbatches = 2) {
  Config config;
  config.model = {.preset = preset, .depth = 2, .heads = 2, .width = 16, .context = kTokens};
  config.data.sequence_length = apart ? kShort : kTokens;
  if (!apart) config.data.documents = Documents::kSeparate;
  config.pipeline.microbatches = microbatches;
  config.pipeline.partition = PartitionRule::kUniform;
  config.train.batch_size = apart ? 3 * kRows : kRows;
  return config;
}

}  // namespace

TEST_CASE("Documents in one row train as documents in rows of their own") {
  for (const char* preset : {"gpt", "llama"}) {
    for (const DType precision : {DType::kFloat32, DType::kBFloat16}) {
      CAPTURE(preset, precision == DType::kFloat32);
      Config apart = model(preset, true), packed = model(preset, false);
      apart.train.precision = packed.train.precision = precision;
      const Trained expected = train_ranks(apart, Packed(true), 1, 4);
      const Trained found = train_ranks(packed, Packed(false), 1, 4);
      const double near = precision == DType::kFloat32 ? 1e-5 : 5e-3;
      CHECK(relative_difference(found.losses, expected.losses) < near);
      CHECK(relative_difference(found.norms, expected.norms) < 10 * near);
      CHECK(found.validation == Approx(expected.validation).epsilon(near));
      Config joined = packed;
      joined.data.documents = Documents::kJoined;
      CHECK(relative_difference(train_ranks(joined, Packed(false), 1, 4).losses, expected.losses) >
            1e-4);
    }
  }
}

TEST_CASE("Separate documents have the same bits on any number of stages and with recomputing") {
  for (const char* preset : {"gpt", "llama"}) {
    CAPTURE(preset);
    const Trained one = train_ranks(model(preset, false, 3), Packed(false), 1, 4);
    for (const int ranks : {2, 3}) {
      CHECK(train_ranks(model(preset, false, 3), Packed(false), ranks, 4) == one);
    }
    Config recomputed = model(preset, false, 3);
    recomputed.pipeline.recompute = Recompute::kFull;
    recomputed.pipeline.schedule = "interleaved";
    recomputed.pipeline.microbatches = 6;
    Config whole = recomputed;
    whole.pipeline.recompute = Recompute::kNone;
    CHECK(train_ranks(recomputed, Packed(false), 2, 4) == train_ranks(whole, Packed(false), 2, 4));
  }
}

TEST_CASE("Replicas and tensor groups change the loss of separate documents by rounding only") {
  const Trained one = train_ranks(model("llama", false), Packed(false), 1, 4);
  Config replicas = model("llama", false), tensor = replicas;
  replicas.parallel.data = 2;
  tensor.parallel.tensor = 2;
  for (const Config& config : {replicas, tensor}) {
    const Trained found = train_ranks(config, Packed(false), 4, 4);
    CHECK(relative_difference(found.losses, one.losses) < 1e-6);
    CHECK(relative_difference(found.norms, one.norms) < 1e-5);
  }
}

}  // namespace documents_test
