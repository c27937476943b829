#include "setup/resumed_settings.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "catch.h"
#include "data/fingerprint.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace resumed_settings_test {

namespace {

Config load(const std::string& train, const std::string& optimizer) {
  const TemporaryFolder folder;
  return load_config(folder.write("model.yaml",
                                  "model: {preset: gpt, depth: 1, heads: 1, width: 8, context: 8}\n"
                                  "data: {path: /corpus.txt}\n"
                                  "train: {output: /run, " +
                                      train + "}\noptimizer: {" + optimizer + "}\n"));
}

RunOrigin origin_of(const TemporaryFolder& folder, std::int64_t training, std::int64_t all) {
  RunOrigin origin{.hosts = 1, .training = training, .all = all};
  for (const FileFingerprint& file : fingerprint_of({folder.path("*.txt")})) {
    origin.files.push_back({file.path, file.bytes, file.digest});
  }
  return origin;
}

}  // namespace

TEST_CASE("Every key that differs from the checkpoint's is in one line, with both values") {
  const Config before = load("steps: 10", "learning_rate: 1e-3");
  const Config same = load("steps: 10", "learning_rate: 0.001");
  CHECK(changed_settings(before, 4, same, 4).empty());
  CHECK_THAT(changed_settings(before, 4, same, 2),
             ContainsSubstring("pipeline.microbatches 2 (was 4)"));
  Config given = same;
  given.pipeline.microbatches = 4;
  CHECK(changed_settings(given, 4, same, 4).empty());
  const Config now = load("steps: 10, seed: 7", "learning_rate: 3e-3, betas: [0.8, 0.9]");
  CHECK(changed_settings(before, 4, now, 4) ==
        "settings that differ from the checkpoint's: optimizer.betas [0.8, 0.9] (was [0.9, 0.99]), "
        "optimizer.learning_rate 0.003 (was 0.001), train.seed 7 (was 1337)");
  CHECK(changed_learning_rate(before, now, 4) ==
        "the learning rate of step 5 is 0.003, by the checkpoint's settings it would be 0.001");
}

TEST_CASE("Another number of rows a step is said where it moves the epoch") {
  CHECK(changed_rows(40, 40).empty());
  CHECK(changed_rows(40, 60) ==
        "the steps so far took 40 rows, of this batch size and number of microbatches they would "
        "be 60: some samples of this epoch may be used twice or not at all");
}

TEST_CASE("Where values are rounded between stages, another cut is said") {
  CHECK(changed_cut({}, {}).empty());
  CHECK(changed_cut({0, 3}, {0, 3}).empty());
  CHECK(changed_cut({0, 3}, {0, 2, 4}) ==
        "values are rounded between stages (communication.precision) that begin with layers "
        "[0, 2, 4], the checkpoint's were [0, 3]: numbers differ from those of a run that goes on "
        "as it began");
  CHECK_THAT(changed_cut({}, {0, 3}), ContainsSubstring("the checkpoint's were none"));
  CHECK_THAT(changed_cut({0, 3}, {}), ContainsSubstring("begin with layers none"));
}

TEST_CASE("More steps do not lift the learning rate, unless its end is given") {
  const std::string cosine = "schedule: {type: cosine, min_learning_rate: 1e-5";
  const Config before = load("steps: 10", cosine + "}");
  Config longer = load("steps: 100", cosine + "}");
  CHECK(keep_decay_steps(before, longer) ==
        "the learning rate keeps the checkpoint's curve, optimizer.schedule.decay_steps 10, after "
        "which it stays at min_learning_rate, 1e-05; set decay_steps to 100 for one over all "
        "steps");
  CHECK(longer.optimizer.schedule.decay_steps == 10);
  CHECK(changed_learning_rate(before, longer, 10).empty());
  Config told = load("steps: 100", cosine + ", decay_steps: 100}");
  CHECK(keep_decay_steps(before, told).empty());
  CHECK(told.optimizer.schedule.decay_steps == 100);
  CHECK(changed_learning_rate(before, told, 10)
            .find("is 0.000975773, by the checkpoint's "
                  "settings it would be 1e-05") != std::string::npos);
  Config constant = load("steps: 100", "learning_rate: 1e-3");
  CHECK(keep_decay_steps(load("steps: 10", "learning_rate: 1e-3"), constant).empty());
}

TEST_CASE("Data that differ are named, and rows that trained and validate now are counted") {
  const TemporaryFolder folder;
  folder.write("a.txt", "first");
  folder.write("b.txt", "second");
  const RunOrigin before = origin_of(folder, 9, 11);
  CHECK(changed_data(before, origin_of(folder, 9, 11)).empty());
  CHECK(changed_data({}, before).empty());  // a checkpoint that does not say
  CHECK(validated_training(before, origin_of(folder, 6, 11), "tokens") ==
        "3 of the 5 tokens that validate now trained before: the validation loss is too low by "
        "what was learned of them");
  CHECK(validated_training(before, origin_of(folder, 10, 11), "tokens").empty());
  const std::string path = folder.write("b.txt", "second, and more");
  const RunOrigin grown = origin_of(folder, 8, 21);
  CHECK(changed_data(before, grown) ==
        "data that differ from the checkpoint's: " + path + " has grown from 6 to 16 bytes");
  CHECK(validated_training(before, grown, "tokens").starts_with("1 of the 13 tokens"));
  folder.write("b.txt", "another text");
  CHECK(changed_data(before, origin_of(folder, 9, 17))
            .ends_with("b.txt is not the file of before (12 bytes, were 6)"));
  CHECK(validated_training(before, origin_of(folder, 1, 17), "tokens").empty());  // not known
}

TEST_CASE("Validation that is drawn otherwise than before is said") {
  const TemporaryFolder folder;
  folder.write("a.txt", "first");
  const RunOrigin files = origin_of(folder, 0, 0);
  Config before = load("steps: 10", "learning_rate: 1e-3"), now = before;
  CHECK(redrawn_validation(before, now, files, files).empty());
  now.data.validation = Validation::kRandom;
  CHECK_FALSE(redrawn_validation(before, now, files, files).empty());
  before = now;
  CHECK(redrawn_validation(before, now, files, files).empty());
  now.train.seed += 1;
  CHECK_FALSE(redrawn_validation(before, now, files, files).empty());
  folder.write("a.txt", "first, and more");
  CHECK_FALSE(redrawn_validation(before, before, files, origin_of(folder, 0, 0)).empty());
}

TEST_CASE("A large file is told from others by pieces of it, a small one by every byte") {
  const TemporaryFolder folder;
  for (const std::size_t bytes : {std::size_t{100'000}, std::size_t{6} << 20}) {
    std::string text(bytes, 'x');
    const std::string path = folder.write("x", text);
    const auto size = static_cast<std::int64_t>(bytes);
    const std::string digest = file_digest(path, size);
    for (const std::size_t at : {std::size_t{0}, bytes - 1}) {
      text[at] = 'y';
      folder.write("x", text);
      CHECK(file_digest(path, size) != digest);
      text[at] = 'x';
    }
    folder.write("x", text + "z");
    CHECK(file_digest(path, size) == digest);
  }
}

}  // namespace resumed_settings_test
