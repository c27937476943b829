#include "generate/generator.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "small_language_model.h"

using namespace pipetrain;

namespace {

// What follows each prompt, of `count` tokens, on so many ranks.
struct Made {
  std::vector<std::vector<std::int32_t>> tokens;
  std::vector<std::string> shown;  // on rank 0
};
Made made(const Checkpoint& checkpoint, int ranks, const std::vector<std::string>& prompts,
          std::int64_t count, DType weights = DType::kFloat32) {
  InProcess world(ranks);
  std::vector<Made> all(static_cast<std::size_t>(ranks));
  world.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = world.mailbox(rank, pool);
    LanguageModel model = open_language_model(checkpoint);
    const auto number = static_cast<std::int64_t>(prompts.size());
    Generator generator(
        model, checkpoint,
        {.sampling = {.temperature = 2}, .places = places_for(number, ranks), .weights = weights},
        *mailbox, pool);
    std::vector<std::unique_ptr<Sequence>> sequences;
    std::vector<Sequence*> pointers;
    for (const std::string& prompt : prompts) {
      sequences.push_back(
          std::make_unique<Sequence>(*model.tokenizer, SequenceOptions{.context = model.context}));
      sequences.back()->begin(prompt, model.tokenizer->encode(prompt), count);
      pointers.push_back(sequences.back().get());
    }
    Made& own = all[static_cast<std::size_t>(rank)];
    own.shown.resize(prompts.size());
    generator.run(pointers, [&](std::size_t i, const std::string& text) { own.shown[i] += text; });
    for (const auto& sequence : sequences) own.tokens.push_back(sequence->tokens());
  });
  for (const Made& rank : all) {
    CHECK(rank.tokens == all[0].tokens);
    CHECK(rank.shown == all[0].shown);
  }
  return all[0];
}

// Lengths of one token to more than our own kernel takes at once, and than the model sees.
std::vector<std::string> prompts_of(std::size_t count) {
  std::vector<std::string> prompts;
  for (std::size_t i = 0; i < count; ++i) {
    prompts.push_back(std::string(1 + 7 * i % 30, static_cast<char>('a' + i)));
  }
  return prompts;
}

}  // namespace

TEST_CASE("A prompt is followed by the same tokens alone, beside others and on any ranks") {
  for (const char* preset : {"gpt", "llama"}) {
    const TemporaryFolder at;
    const Checkpoint checkpoint = small_checkpoint(at, preset);
    // More than have a place at once on one rank.
    const std::vector<std::string> prompts = prompts_of(19);
    const Made together = made(checkpoint, 1, prompts, 30);
    for (const int ranks : {2, 3, 7}) {
      CHECK(made(checkpoint, ranks, prompts, 30).tokens == together.tokens);
    }
    for (const std::size_t i : {std::size_t{0}, std::size_t{4}, std::size_t{18}}) {
      CHECK(made(checkpoint, 1, {prompts[i]}, 30).tokens[0] == together.tokens[i]);
    }
  }
}

TEST_CASE("What is shown is the prompt's continuation, whole") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = small_checkpoint(at, "gpt");
  const Made found = made(checkpoint, 2, {"the", "a"}, 12);
  const LanguageModel model = open_language_model(checkpoint);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::vector<std::int32_t>& tokens = found.tokens[i];
    const auto stream = model.tokenizer->stream();
    std::string text;
    for (std::size_t t = tokens.size() - 12; t < tokens.size(); ++t) text += stream->add(tokens[t]);
    CHECK(found.shown[i] == text + stream->finish());
  }
}

TEST_CASE("Every rank has a group of sequences at work, of rows as many as one kernel takes") {
  CHECK(places_for(1, 4).count() == 1);
  CHECK(places_for(3, 1).rows == 3);
  CHECK(places_for(100, 2).groups == 2);
  CHECK(places_for(100, 2).rows == 16);
  CHECK(places_for(5, 2).rows == 3);
}

TEST_CASE("There is a thread for every 16 MiB of weights, and one at least") {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  CHECK(useful_threads(0) == 1);
  CHECK(useful_threads(16 * kMiB - 1) == 1);
  CHECK(useful_threads(16 * kMiB) == 2);
  CHECK(useful_threads(100 * kMiB) == 7);
  CHECK(useful_threads(kMiB * kMiB) == 1024);
}

TEST_CASE("Weights in bfloat16 give the same tokens on any ranks and beside any others") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = small_checkpoint(at, "llama");
  const std::vector<std::string> prompts = prompts_of(4);
  const Made one = made(checkpoint, 1, prompts, 20, DType::kBFloat16);
  CHECK(made(checkpoint, 3, prompts, 20, DType::kBFloat16).tokens == one.tokens);
  CHECK(made(checkpoint, 2, {prompts[2]}, 20, DType::kBFloat16).tokens[0] == one.tokens[2]);
  CHECK(made(checkpoint, 1, prompts, 20).tokens != one.tokens);
}
