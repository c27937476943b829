// The vocabulary over the pipeline: to rounding what a whole head gives, the same bits for as many
// pieces under every schedule, and checkpoints that any grid takes.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "checkpoint/checkpoint_list.h"
#include "trained.h"
#include "training_run.h"

using namespace pipetrain;

namespace vocabulary_test {

namespace {

FixedSource rows() { return FixedSource::counting(11, 4, 13); }

Config head_run(const TemporaryFolder& folder, const std::string& schedule,
                VocabularyPlace vocabulary, int steps = 4, bool tied = false) {
  Config config = small_run(folder, steps);
  config.model.depth = 3;
  config.model.tie_embeddings = tied;
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = 4;
  config.pipeline.vocabulary = vocabulary;
  config.train.batch_size = 9;  // microbatches of 3 rows and of 2
  config.train.eval_every = 2;
  return config;
}

struct Outcome {
  std::vector<double> losses;  // of training and validation
  Weights tensors;             // the optimizer's, too
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome outcome_of(const Config& config, int ranks, const TrainerOptions& options = {}) {
  const FixedSource source = rows();
  CHECK(run_training(config, source, ranks, options).error == "");
  Outcome outcome{.losses = {}, .tensors = tensors_in(checkpoint_of(config, config.train.steps))};
  for (const nlohmann::json& line : metrics_of(config)) {
    if (line.contains("loss")) outcome.losses.push_back(line.at("loss").get<double>());
    if (line.contains("val_loss")) outcome.losses.push_back(line.at("val_loss").get<double>());
  }
  return outcome;
}

std::vector<double> norms_of(const Config& config) {
  std::vector<double> norms;
  for (const nlohmann::json& line : metrics_of(config)) {
    if (line.contains("grad_norm")) norms.push_back(line.at("grad_norm").get<double>());
  }
  return norms;
}

double largest_difference(const Weights& found, const Weights& expected) {
  double largest = found.size() == expected.size() ? 0 : INFINITY;
  for (const auto& [name, values] : expected) {
    const auto& others = found.at(name);
    if (others.size() != values.size()) return INFINITY;
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(values[i] - others[i])));
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("Pieces of the vocabulary train as the whole embedding and head do, to rounding") {
  const bool tied = GENERATE(false, true);
  const TemporaryFolder whole_at;
  Config whole = head_run(whole_at, "1f1b", VocabularyPlace::kWhole, 4, tied);
  whole.optimizer.type = "sgd";  // AdamW's first steps make much of rounding
  const Outcome expected = outcome_of(whole, 1);
  REQUIRE(expected.losses.size() >= 4);
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  for (const int ranks : {1, 2, 3, 4}) {
    if (ranks == 4 && place == VocabularyPlace::kParallel) continue;
    CAPTURE(tied, name_of(kVocabularyPlaces, place), ranks);
    const TemporaryFolder at;
    Config pieces = head_run(at, "1f1b", place, 4, tied);
    pieces.optimizer.type = "sgd";
    const Outcome found = outcome_of(pieces, ranks);
    CHECK(relative_difference(found.losses, expected.losses) < 1e-6);
    CHECK(largest_difference(found.tensors, expected.tensors) < 1e-6);
    CHECK(relative_difference(norms_of(pieces), norms_of(whole)) < 1e-5);
  }
}

TEST_CASE("As many pieces give the same bits under every schedule and placement") {
  const bool tied = GENERATE(false, true);
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  CAPTURE(name_of(kVocabularyPlaces, place));
  const TemporaryFolder first_at;
  const auto run = [&](const TemporaryFolder& at, const std::string& schedule) {
    return head_run(at, schedule, place, 4, tied);
  };
  const Outcome expected = outcome_of(run(first_at, "1f1b"), 3);
  for (const std::string schedule : {"zb-h1", "zbv", "v-half", "auto"}) {
    CAPTURE(tied, schedule);
    const TemporaryFolder at;
    CHECK(outcome_of(run(at, schedule), 3) == expected);
  }
  const TemporaryFolder at;
  Config turned = run(at, "1f1b");
  turned.pipeline.placement = {PlacementRule::kList, {{2}, {0, 3}, {1}}};
  turned.pipeline.recompute = Recompute::kFull;
  CHECK(outcome_of(turned, 3) == expected);
}

// Both take the loss from the same statistics; only its gradient is made of other products.
TEST_CASE("The two ways to share out a vocabulary have the same first loss, bit for bit") {
  const TemporaryFolder one_at, two_at;
  const Outcome once = outcome_of(head_run(one_at, "1f1b", VocabularyPlace::kParallel), 3),
                twice = outcome_of(head_run(two_at, "1f1b", VocabularyPlace::kVocab1), 3);
  CHECK(once.losses.front() == twice.losses.front());
  CHECK(relative_difference(once.losses, twice.losses) < 1e-6);
}

TEST_CASE("What is looked up in pieces is dropped as usual") {
  const TemporaryFolder whole_at, pieces_at;
  Config whole = head_run(whole_at, "1f1b", VocabularyPlace::kWhole, 4, true);
  Config pieces = head_run(pieces_at, "zb-h1", VocabularyPlace::kParallel, 4, true);
  for (Config* config : {&whole, &pieces}) {
    config->optimizer.type = "sgd";
    config->model.dropout = 0.2;
  }
  const Outcome expected = outcome_of(whole, 1), found = outcome_of(pieces, 3);
  CHECK(relative_difference(found.losses, expected.losses) < 1e-6);
  CHECK(largest_difference(found.tensors, expected.tensors) < 1e-6);
}

TEST_CASE("A checkpoint with pieces is that of a whole head, and goes on with any other") {
  const bool tied = GENERATE(false, true);
  const auto pieces = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  const FixedSource source = rows();
  const TemporaryFolder pieces_at;
  const auto run = [&](const TemporaryFolder& at, const std::string& schedule,
                       VocabularyPlace place) {
    Config config = head_run(at, schedule, place, 6, tied);
    config.optimizer.type = "sgd";
    return config;
  };
  const Outcome expected = outcome_of(run(pieces_at, "1f1b", pieces), 3);
  for (const bool whole_first : {true, false}) {
    CAPTURE(tied, whole_first);
    const TemporaryFolder at;
    const auto place = [&](bool first) {
      return first == whole_first ? VocabularyPlace::kWhole : pieces;
    };
    Config first = run(at, "1f1b", place(true));
    const Config second = run(at, "zbv", place(false));
    first.train.steps = 4;
    CHECK(run_training(first, source, whole_first ? 2 : 3).error == "");
    const std::string folder = checkpoint_folder(second.train.output + "/checkpoints", 4);
    const Outcome found = outcome_of(second, 2, {.resume_from = folder});
    CHECK(largest_difference(found.tensors, expected.tensors) < 1e-6);
  }
}

TEST_CASE("A run with tied pieces goes on from its checkpoint with the same bits") {
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  const FixedSource source = rows();
  const TemporaryFolder at_once, in_two;
  const Config straight = head_run(at_once, "zb-h1", place, 6, true);
  const Outcome expected = outcome_of(straight, 3);
  Config first = head_run(in_two, "1f1b", place, 6, true);
  const Config second = head_run(in_two, "zb-h1", place, 6, true);
  first.train.steps = 4;
  CHECK(run_training(first, source, 3).error == "");
  const std::string folder = checkpoint_folder(second.train.output + "/checkpoints", 4);
  CHECK(outcome_of(second, 3, {.resume_from = folder}).tensors == expected.tensors);
}

TEST_CASE("Pieces of the vocabulary train with replicas") {
  const bool tied = GENERATE(false, true);
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  const TemporaryFolder one_at, two_at;
  Config one = head_run(one_at, "1f1b", place, 4, tied);
  Config two = head_run(two_at, "1f1b", place, 4, tied);
  for (Config* config : {&one, &two}) {
    config->optimizer.type = "sgd";
    config->train.batch_size = 8;
    config->pipeline.microbatches = 2;
  }
  two.parallel.data = 2;
  two.parallel.shard = Shard::kOptimizer;
  const Outcome expected = outcome_of(one, 2), found = outcome_of(two, 4);
  CHECK(relative_difference(found.losses, expected.losses) < 1e-6);
  CHECK(largest_difference(found.tensors, expected.tensors) < 1e-6);
}

}  // namespace vocabulary_test
