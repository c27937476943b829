#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/output.h"
#include "comm/mpi/launch.h"
#include "comm/mpi/mpi_mailbox.h"
#include "command.h"
#include "generate/generator.h"
#include "generate/prompt.h"
#include "number_option.h"
#include "run_options.h"
#include "setup/same_start.h"
#include "setup/threads.h"
#include "startup.h"

namespace pipetrain {
namespace {

struct GenerateOptions {
  std::string checkpoint, prompt;
  int tokens = 200;
  SamplingOptions sampling;
  Binding bind = Binding::kCores;
};

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

void check(const GenerateOptions& options) {
  if (options.checkpoint.empty()) {
    fail("--checkpoint DIR is missing; see pipetrain generate --help");
  }
}

// The prompt and what follows, on standard output as soon as whole characters are known.
class TextPrinter {
 public:
  explicit TextPrinter(const Tokenizer& tokenizer) : stream_(tokenizer.stream()) {}

  void follow(const std::string& prompt, std::span<const std::int32_t> tokens) {
    write_output(stream_->follow(prompt, tokens));
  }
  void add(std::int32_t token) { write_output(stream_->add(token)); }
  void finish() { write_output(stream_->finish() + "\n"); }

 private:
  std::unique_ptr<TextStream> stream_;
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int generate(const MpiSession& session, ErrorReport& report, const GenerateOptions& options) {
  RankAtStart rank = rank_at_start(session, report, options.bind);
  std::optional<Checkpoint> checkpoint;
  std::optional<LanguageModel> model;
  std::vector<std::int32_t> prompt;
  report.agree([&] {
    checkpoint.emplace(open_checkpoint(options.checkpoint));
    model.emplace(open_language_model(*checkpoint));
    prompt = prompt_tokens(*model, options.prompt);
  });
  const WaitOptions wait{model->config.communication.timeout_seconds, session.oversubscribed()};
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  MemoryPool pool;
  MpiMailbox mailbox(ranks, pool, wait, /*stages_per_rank=*/1);
  require_same_start(configuration_lines(model->config), report.world());
  report.limit_waits(wait.timeout_seconds);
  std::optional<Generator> generator;
  report.agree([&] { generator.emplace(*model, *checkpoint, options.sampling, mailbox, pool); });
  log_notes(
      settle_threads(rank.place, rank.crowded, rank.world, useful_threads(pool.used_bytes())));

  const auto prompt_length = static_cast<std::int64_t>(prompt.size());
  const bool prints = session.rank() == 0;
  if (prints && prompt_length > model->context) {
    spdlog::warn("the prompt has {} tokens, the model sees only the last {} of them", prompt_length,
                 model->context);
  }
  TextPrinter printer(*model->tokenizer);
  if (prints) {
    let_mpirun_forward();
    printer.follow(options.prompt, prompt);
  }
  const double start = seconds_now();
  const std::int64_t made = generator->run(std::move(prompt), options.tokens,
                                           [&](std::int32_t token) { printer.add(token); });
  if (!prints) return 0;
  printer.finish();
  const double seconds = seconds_now() - start;
  let_mpirun_forward();
  spdlog::info("{} tokens after {} of the prompt in {:.2f} s: {:.0f} tokens/s", made, prompt_length,
               seconds, static_cast<double>(made) / seconds);
  return 0;
}

}  // namespace

Command add_generate_command(CLI::App& command) {
  const auto options = std::make_shared<GenerateOptions>();
  SamplingOptions& sampling = options->sampling;
  command
      .add_option("--checkpoint", options->checkpoint,
                  "folder of a checkpoint of a language model; required")
      ->type_name("DIR");
  command
      .add_option("--prompt", options->prompt,
                  "the text to continue, or token numbers; default: a line's end")
      ->type_name("TEXT");
  add_number(command, "--tokens", options->tokens, "N", kOneOrMore,
             "how many tokens to add at most; default: 200");
  add_number(command, "--temperature", sampling.temperature, "T", Bounds<double>{.low = 0},
             "above 0: the higher, the more surprising; 0: the likeliest token; default: 0.8");
  add_number(command, "--top-k", sampling.top_k, "K", Bounds<int>{.low = 0},
             "draw from the K likeliest tokens; 0, default: all");
  add_number(command, "--top-p", sampling.top_p, "P", Bounds<double>{.low = 0, .high = 1},
             "draw from the fewest tokens that together have this probability; default: 1, all");
  add_number(command, "--repetition-penalty", sampling.repetition_penalty, "X",
             Bounds<double>{.low = 0.01},
             "above 1: tokens that were there already are less likely; default: 1");
  add_number(command, "--seed", sampling.seed, "S", Bounds<std::uint64_t>{},
             "the same seed, the same text; default: 1337");
  add_bind_option(command, options->bind);
  add_log_level(command);
  return {.usage = "[mpirun -np RANKS] pipetrain generate --checkpoint DIR [OPTION]...",
          .check = [options] { check(*options); },
          .run_on_ranks = [options](
                              const MpiSession& session,
                              ErrorReport& report) { return generate(session, report, *options); }};
}

}  // namespace pipetrain
