// What `pipetrain generate` does with a model: goes on with a prompt, with a file of them, or with
// a conversation. Texts go to standard output by way of rank 0. It must not know how ranks were
// started.
#pragma once

#include <cstdint>
#include <vector>

#include "generate/chat_format.h"
#include "generate/generator.h"
#include "generate/prompt_file.h"
#include "generate_options.h"

namespace pipetrain {

// What is checked before anything is made, the same on every rank.
struct TextJob {
  std::vector<FilePrompt> prompts;  // of --prompts, or the one of --prompt
  ChosenFormat chat;                // of --chat
  SequenceOptions sequence;
};
// An Error says what of options, file or model does not fit.
TextJob prepare_texts(const GenerateOptions& options, const LanguageModel& model);

// Every rank calls it with its part of the model.
struct TextRank {
  const GenerateOptions& options;
  const TextJob& job;
  LanguageModel& model;
  Generator& generator;
  Mailbox& mailbox;
  MemoryPool& pool;
  double wait_seconds;
};
void make_texts(TextRank& rank);

}  // namespace pipetrain
