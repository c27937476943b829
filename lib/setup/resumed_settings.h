// What a run that goes on has otherwise than the checkpoint says, in words. It must not know how
// either is read, nor print.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/manifest.h"
#include "config/config.h"

namespace pipetrain {

// Where decay_steps were not given they are the checkpoint's, so that another train.steps does not
// move the learning rate. One line that says so; empty if nothing changed.
std::string keep_decay_steps(const Config& before, Config& now);

// Each of these is one line, or empty if there is nothing to say.
// The numbers of microbatches are those that were taken and will be, given or not.
std::string changed_settings(Config before, int microbatches_before, Config now,
                             int microbatches_now);
// Of the next step, the one after `done` steps.
std::string changed_learning_rate(const Config& before, const Config& now, std::int64_t done);
// Of the steps so far, which took `rows` and would by now's settings have taken `rows_now`.
std::string changed_rows(std::int64_t rows, std::int64_t rows_now);
// Of where stages are cut: the first layer of each. Empty lists: results did, or do, not depend on
// that.
std::string changed_cut(const std::vector<int>& before, const std::vector<int>& now);
std::string changed_data(const RunOrigin& before, const RunOrigin& now);
// What was trained on before and validates now; `unit` is "tokens" or "samples".
std::string validated_training(const RunOrigin& before, const RunOrigin& now,
                               const std::string& unit);
// The same where what validates is drawn at random, and not as it was.
std::string redrawn_validation(const Config& config_before, const Config& config_now,
                               const RunOrigin& before, const RunOrigin& now);

}  // namespace pipetrain
