#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "comm/mpi/mpi_mailbox.h"
#include "command.h"
#include "generate_options.h"
#include "number_option.h"
#include "run_options.h"
#include "setup/same_start.h"
#include "setup/threads.h"
#include "startup.h"
#include "tensor/precision.h"
#include "text_output.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

void check(const GenerateOptions& options) {
  require(!options.checkpoint.empty(), "--checkpoint DIR", "generate");
  const int ways =
      (options.prompt.empty() ? 0 : 1) + (options.prompts.empty() ? 0 : 1) + (options.chat ? 1 : 0);
  if (ways > 1) fail("--prompt, --prompts and --chat are three ways to begin; give one of them");
  if (!options.chat && !(options.chat_template.empty() && options.system.empty())) {
    fail("--chat-template and --system are for --chat, which is missing");
  }
  if (options.measure && (options.chat || !options.prompts.empty())) {
    fail("--measure is of one text; give --prompt");
  }
  for (const std::string& stop : options.stops) {
    if (stop.empty()) fail("--stop: found no text; expected one that ends the model's");
  }
}

int generate(const MpiSession& session, ErrorReport& report, const GenerateOptions& options) {
  RankAtStart rank = rank_at_start(session, report, options.bind);
  std::optional<Checkpoint> checkpoint;
  std::optional<LanguageModel> model;
  TextJob job;
  report.agree([&] {
    if (options.measure && session.size() > 1) fail("--measure is of one rank; start it alone");
    checkpoint.emplace(open_checkpoint(options.checkpoint));
    model.emplace(open_language_model(*checkpoint));
    job = prepare_texts(options, *model);
  });
  const WaitOptions wait{model->config.communication.timeout_seconds, session.oversubscribed()};
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  MemoryPool pool;
  MpiMailbox mailbox(ranks, pool, wait, StageNumbers{static_cast<int>(ranks.size())});
  require_same_start(configuration_lines(model->config), report.world());
  report.limit_waits(wait.timeout_seconds);
  const auto count = static_cast<std::int64_t>(job.prompts.size());
  const GeneratorOptions made{.sampling = options.sampling,
                              .places = places_for(count == 0 ? 1 : count, session.size()),
                              .weights = options.weights};
  std::optional<Generator> generator;
  report.agree([&] { generator.emplace(*model, *checkpoint, made, mailbox, pool); });
  log_notes(settle_threads(rank.place, rank.crowded, rank.world,
                           useful_threads(generator->layers().weight_bytes())));
  TextRank texts{options, job, *model, *generator, mailbox, pool, wait.timeout_seconds};
  make_texts(texts);
  return 0;
}

void add_sampling_options(CLI::App& command, SamplingOptions& sampling) {
  add_number(command, "--temperature", sampling.temperature, "T", Bounds<double>{.low = 0},
             "above 0: the higher, the more surprising; 0: the likeliest token; default: 0.8");
  add_number(command, "--top-k", sampling.top_k, "K", Bounds<int>{.low = 0},
             "draw from the K likeliest tokens; 0, default: all");
  add_number(command, "--top-p", sampling.top_p, "P", Bounds<double>{.low = 0, .high = 1},
             "draw from the fewest tokens that together are this likely, 0 to 1; default: 1, all");
  add_number(command, "--repetition-penalty", sampling.repetition_penalty, "X",
             Bounds<double>{.low = 0.01},
             "above 1: tokens that were there already are less likely; default: 1");
  add_number(command, "--seed", sampling.seed, "S", Bounds<std::uint64_t>{},
             "the same seed, the same text; default: 1337");
}

void add_text_options(CLI::App& command, GenerateOptions& options) {
  command
      .add_option("--prompt", options.prompt,
                  "the text to continue, or token numbers; default: a line's end")
      ->type_name("TEXT");
  command
      .add_option("--prompts", options.prompts,
                  "texts to continue, all at once: each line a JSON object with a \"prompt\"")
      ->type_name("FILE");
  command.add_flag("--chat", options.chat, "reply to the lines of standard input, one by one");
  command
      .add_option("--chat-template", options.chat_template,
                  "how messages of a conversation become one text: " + chat_format_names() +
                      "; default: the model's own")
      ->type_name("NAME");
  command
      .add_option(
          "--system", options.system,
          "what a conversation begins with, for the model to go by; default: the model's own")
      ->type_name("TEXT");
  command
      .add_option(
          "--stop", options.stops,
          "where the model writes this, its text ends before it; may be given more than once")
      ->type_name("TEXT")
      ->allow_extra_args(false);
}

}  // namespace

Command add_generate_command(CLI::App& command) {
  const auto options = std::make_shared<GenerateOptions>();
  command
      .add_option("--checkpoint", options->checkpoint,
                  "folder of a checkpoint of a language model; required")
      ->type_name("DIR");
  add_text_options(command, *options);
  add_number(command, "--tokens", options->tokens, "N", kOneOrMore,
             "how many tokens to add at most, in a conversation to each reply; default: 200");
  add_sampling_options(command, options->sampling);
  command
      .add_option_function<std::string>(
          "--precision",
          [options](const std::string& name) {
            options->weights = find_row(kPrecisions, name)->value;
          },
          "numbers of weights in memory: float32, or bfloat16 in half of the bytes; default: "
          "float32")
      ->option_text("NAME")
      ->check(CLI::IsMember(names_of(kPrecisions)));
  command.add_flag(
      "--measure", options->measure,
      "say what share of the memory's speed was reached, as each token reads all weights; on one "
      "rank");
  add_bind_option(command, options->bind);
  add_log_level(command);
  return {.usage = "[mpirun -np RANKS] pipetrain generate --checkpoint DIR [OPTION]...",
          .check = [options] { check(*options); },
          .run_on_ranks = [options](
                              const MpiSession& session,
                              ErrorReport& report) { return generate(session, report, *options); }};
}

}  // namespace pipetrain
