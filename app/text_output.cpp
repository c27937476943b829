#include "text_output.h"

#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/output.h"
#include "comm/mpi/launch.h"
#include "generate/message_lines.h"
#include "generate/prompt.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The token that ends a message of this format.
std::int32_t end_of_message(const Tokenizer& tokenizer, const ChatFormat& format) {
  std::vector<std::int32_t> ids;
  try {
    ids = tokenizer.encode(format.end);
  } catch (const Error&) {
    ids.clear();
  }
  if (ids.size() == 1) return ids[0];
  fail("--chat: messages of the format " + std::string(format.name) + " end with " + format.end +
       ", which is no token of the model's; name another with --chat-template: " +
       chat_format_names());
}

void prepare_chat(const GenerateOptions& options, const LanguageModel& model, TextJob& job) {
  job.chat = choose_chat_format(model.chat_template, options.chat_template);
  const ChatFormat& format = *job.chat.format;
  if (!options.system.empty()) {
    if (format.system == nullptr) {
      fail("--system: the format " + std::string(format.name) + " has no system message");
    }
    job.chat.system = options.system;
  }
  if (*format.end != 0) job.sequence.ends.push_back(end_of_message(*model.tokenizer, format));
  if (format.stop != nullptr) job.sequence.stops.emplace_back(format.stop);
}

// Says how fast tokens came: the first of each sequence needs its whole prompt.
class Pace {
 public:
  void shown(std::int64_t made) {
    if (first_ == 0) {
      first_ = seconds_now();
      before_ = made;
    }
  }
  // Tokens a second after the first ones.
  double rate(std::int64_t made) const {
    return static_cast<double>(made - before_) / (seconds_now() - first_);
  }
  double seconds() const { return seconds_now() - start_; }

 private:
  double start_ = seconds_now(), first_ = 0;
  std::int64_t before_ = 0;
};

void log_pace(std::int64_t made, std::int64_t read, const Pace& pace) {
  let_mpirun_forward();
  spdlog::info("{} tokens after {} of the prompt in {:.2f} s: {:.0f} tokens/s", made, read,
               pace.seconds(), static_cast<double>(made) / pace.seconds());
}

// Tokens pass through all weights once each; the memory gives them no faster than it can be read.
void log_measure(RankLayers& layers, double tokens_per_second) {
  const auto bytes = static_cast<double>(layers.weight_bytes());
  const double read = bytes / layers.read_seconds(), passed = bytes * tokens_per_second;
  spdlog::info(
      "{:.1f} tokens/s after the first; each reads {:.1f} MB of weights: {:.1f} GB/s; reading them "
      "alone: {:.1f} GB/s, {:.1f} tokens/s; {:.0f}%",
      tokens_per_second, bytes * 1e-6, passed * 1e-9, read * 1e-9, read / bytes,
      100 * passed / read);
}

void continue_prompt(TextRank& rank) {
  const bool prints = rank.mailbox.rank() == 0;
  const FilePrompt& prompt = rank.job.prompts[0];
  const auto length = static_cast<std::int64_t>(prompt.tokens.size());
  if (prints && length > rank.model.context) {
    spdlog::warn("the prompt has {} tokens, the model sees only the last {} of them", length,
                 rank.model.context);
  }
  Sequence sequence(*rank.model.tokenizer, rank.job.sequence);
  const std::string begun = sequence.begin(prompt.text, prompt.tokens, rank.options.tokens);
  if (prints) {
    let_mpirun_forward();
    write_output(begun);
  }
  Pace pace;
  Sequence* const all[] = {&sequence};
  rank.generator.run(all, [&](std::size_t, const std::string& text) {
    pace.shown(sequence.made());
    if (prints) write_output(text);
  });
  const double rate = pace.rate(sequence.made());
  if (!prints) return;
  write_output("\n");
  log_pace(sequence.made(), length, pace);
  if (rank.options.measure) log_measure(rank.generator.layers(), rate);
}

// Lines in the file's order, each as soon as it and all before it are complete.
void continue_file(TextRank& rank) {
  const bool prints = rank.mailbox.rank() == 0;
  const std::vector<FilePrompt>& prompts = rank.job.prompts;
  std::vector<std::unique_ptr<Sequence>> sequences;
  std::vector<Sequence*> all;
  std::int64_t read = 0, made = 0;
  for (const FilePrompt& prompt : prompts) {
    sequences.push_back(std::make_unique<Sequence>(*rank.model.tokenizer, rank.job.sequence));
    sequences.back()->begin(prompt.text, prompt.tokens, rank.options.tokens);
    all.push_back(sequences.back().get());
    read += static_cast<std::int64_t>(prompt.tokens.size());
  }
  std::vector<std::string> texts(prompts.size());
  std::size_t written = 0;
  if (prints) let_mpirun_forward();
  const Pace pace;
  rank.generator.run(all, [&](std::size_t number, const std::string& text) {
    texts[number] += text;
    for (; written < prompts.size() && all[written]->ended(); ++written) {
      made += all[written]->made();
      if (prints) write_output(result_line(prompts[written], texts[written], *all[written]));
      texts[written].clear();
    }
  });
  if (prints) log_pace(made, read, pace);
}

void converse(TextRank& rank) {
  const bool prints = rank.mailbox.rank() == 0;
  const ChatFormat& format = *rank.job.chat.format;
  const Tokenizer& tokenizer = *rank.model.tokenizer;
  Conversation conversation(format, rank.job.chat.system);
  MessageLines lines(rank.mailbox, rank.pool, rank.wait_seconds);
  Sequence sequence(tokenizer, rank.job.sequence);
  bool begun = false, full = false;
  if (prints) {
    let_mpirun_forward();
    spdlog::info("messages in the format {}; a line each, until the input's end", format.name);
    let_mpirun_forward();
  }
  while (const std::optional<std::string> line = lines.next()) {
    // Where the format has a token that ends a reply, a reply that was cut short has none.
    const bool ended = format.stop == nullptr ? sequence.end() == SequenceEnd::kEndOfText
                                              : sequence.end() == SequenceEnd::kStopText;
    const std::string text = conversation.next(*line, ended);
    const bool around = *format.end == 0 && !begun;
    const std::vector<std::int32_t> tokens =
        tokenizer.encode(text, around ? SpecialTokens::kAround : SpecialTokens::kNone);
    if (prints) spdlog::debug("the model reads tokens {}", fmt::join(tokens, " "));
    if (begun) {
      sequence.go_on(text, tokens, rank.options.tokens);
    } else {
      sequence.begin(text, tokens, rank.options.tokens);
    }
    begun = true;
    Sequence* const all[] = {&sequence};
    rank.generator.run(all, [&](std::size_t, const std::string& shown) {
      if (prints) write_output(shown);
    });
    if (!prints) continue;
    write_output("\n");
    if (!full && sequence.length() > rank.model.context) {
      full = true;
      let_mpirun_forward();
      spdlog::warn(
          "the conversation has more than the {} tokens that the model sees; it forgets "
          "the first ones",
          rank.model.context);
      let_mpirun_forward();
    }
  }
}

}  // namespace

TextJob prepare_texts(const GenerateOptions& options, const LanguageModel& model) {
  TextJob job;
  job.sequence.context = model.context;
  job.sequence.stops = options.stops;
  if (const auto end = model.tokenizer->end_of_text()) job.sequence.ends.push_back(*end);
  if (options.chat) {
    prepare_chat(options, model, job);
    return job;
  }
  if (options.prompts.empty()) {
    job.prompts.push_back({{}, options.prompt, prompt_tokens(model, options.prompt)});
  } else {
    job.prompts = read_prompts(options.prompts, model);
  }
  return job;
}

void make_texts(TextRank& rank) {
  if (rank.options.chat) return converse(rank);
  if (!rank.options.prompts.empty()) return continue_file(rank);
  continue_prompt(rank);
}

}  // namespace pipetrain
