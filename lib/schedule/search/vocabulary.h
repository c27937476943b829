// The vocabulary over the pipeline: the head is cut by rows of its table over all ranks, and each
// of them computes its piece's S and T of every microbatch (Yeung et al. 2024, "Balancing Pipeline
// Parallelism with Vocabulary Parallelism", arXiv 2411.05288; its Vocab-2 and Vocab-1, section 4).
// Pure; it must not know what a piece is made of. (An evaluation's S stand in
// schedule/generate/forward_only.cpp.)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

struct VocabularyRule {
  VocabularyPlace place = VocabularyPlace::kParallel;
  // Each rank runs so many microbatches further ahead of its backwards, so that all pieces' S, and
  // in Vocab-1 their T, hide behind other work. The paper's is 1 for each wait, and so is the
  // memory that it adds.
  int ahead = 1;
  // A rank waits for F, I or W rather than begin a T, if it waits for less than this share of T.
  double patience = 0.5;
  // So many microbatches may have S without T where T could run: each keeps its piece's logits.
  int kept = 2;
};

// For such a place, where costs are not known. In Vocab-1 all T are waited for, so none is put off
// for work that comes soon, and one at most for work that is there.
VocabularyRule usual_rule(VocabularyPlace place);

// `schedule`, of which each rank's F, I, W and B stay in their order but for rule.ahead, with S and
// T among them: where they come if everything takes what `costs` say. S comes before all else that
// could run, as every rank's S is waited for. Nothing if that order deadlocks.
std::optional<Schedule> with_vocabulary(const Schedule& schedule, const Costs& costs,
                                        const VocabularyRule& rule = {});
// The same where costs are not known: S and T take as long as F, I and W of a whole rank, and a
// message an eighth of that. Where
// running so far ahead would deadlock, ranks run less far.
Schedule with_vocabulary(const Schedule& schedule,
                         VocabularyPlace place = VocabularyPlace::kParallel);

// The published schedules that have such a form, and why another has none; nothing if it has one.
const std::vector<std::string>& vocabulary_schedules();
std::optional<std::string> why_no_vocabulary(std::string_view name);

}  // namespace pipetrain
