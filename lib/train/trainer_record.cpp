// What a run leaves for who looks at it later: its record, and the last step that was looked at.
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "schedule/lower.h"
#include "setup/grid_text.h"
#include "train/trainer.h"

namespace pipetrain {
namespace {

// Beyond it a step is too much to send and to look at.
constexpr std::size_t kMostKept = 50'000;
// Steps after the first one until times are those of later ones, too.
constexpr std::int64_t kSettled = 3;

}  // namespace

// Collective.
void Trainer::record_start() {
  const std::vector<std::string> ranks = collective_.all_gather_text(rank_facts(pipeline_));
  if (!coordinates()) return;
  if (const std::string text = different_instructions(ranks); !text.empty()) {
    spdlog::warn("{}", text);
  }
  record_ = std::make_unique<RunRecord>(config_.train.output);
  nlohmann::ordered_json facts =
      start_facts(config_, world_, model_, pipeline_, origin_, program_, ranks);
  facts["first_step"] = first_step_;
  facts["resumed_from"] = resume_from_;
  facts["data_is"] = source_->description();
  record_->begin(std::move(facts));
}

// Collective.
void Trainer::record_end(const std::string& outcome) {
  const RunSummary summary =
      report_.summarize(pipeline_, pool_, collective_,
                        {.placement = grid_lines(pipeline_.map.grid(), world_),
                         .training_seconds = wall_seconds() - began_,
                         .feeding_seconds = feeding_seconds_,
                         .checkpoint_bytes = checkpoints_.copies_bytes()});
  if (!coordinates()) return;
  if (!record_->end(outcome, summary_json(summary))) {
    spdlog::warn("cannot write {}; it does not say how the run ended",
                 system_reason(config_.train.output + "/run.json"));
  }
  if (!next_) report_.show(summary, outcome == "done");
}

// Collective. Keeps what all ranks did in this step, if it is one to be kept.
void Trainer::record_step(std::int64_t step, const StepResult& result, const OtherWork& feed) {
  const TrainConfig& train = config_.train;
  const bool saves = train.checkpoint_every > 0 && step % train.checkpoint_every == 0;
  const bool looked_at = step == first_step_ + kSettled || step == train.steps || saves ||
                         result.stopping > 0 || result.lost > 0;
  const Schedule& schedule = pipeline_.layout.schedule;
  const auto replicas = static_cast<std::size_t>(pipeline_.map.grid().data());
  if (!looked_at || !result.finite ||
      replicas * split_backward(schedule).action_count() > kMostKept) {
    return;
  }
  const bool gone = coordinates() && !directory_->why_gone().empty();
  RunTrace one(gone ? "" : last_step_path(train.output), "pipetrain, " + config_.pipeline.schedule,
               {step, step}, world_, collective_);
  one.keep(step, pipeline_.runner.recorder(),
           coordinates() && step < train.steps ? std::vector<OtherWork>{feed}
                                               : std::vector<OtherWork>{});
  try {
    one.write();
  } catch (const Error& error) {  // on rank 0, after the others' part; training does not need it
    spdlog::warn("{}; training goes on", error.what());
  }
  if (coordinates()) malloc_trim(0);  // what the text of all ranks took
}

}  // namespace pipetrain
