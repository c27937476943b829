// The checkpoints of one run: which there are, which to go on from, which to keep. It must not know
// what is in them beyond their manifests.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/set_aside.h"

namespace pipetrain {

// The steps of all complete checkpoints below the folder, and of those that cannot be looked into,
// ascending; none if there is no folder. Error(kCheckpoint) if the folder cannot be read.
std::vector<std::int64_t> checkpoint_steps(const std::string& checkpoints);

// The newest that is whole, every checksum included, and whose weights are not in doubt. `refused`
// hears the error of each newer one, such as a folder without its manifest.
std::optional<std::string> newest_good_checkpoint(
    const std::string& checkpoints, const std::function<void(const std::string&)>& refused);

// Before a run goes on after `step`, or begins (-1): removes what an earlier job left unfinished,
// and sets newer checkpoints aside, damaged ones too, which are of a run that was given up, so that
// none resumes from them unasked. Their steps.
std::vector<std::int64_t> set_aside_newer(const std::string& checkpoints, std::int64_t step,
                                          SetAside& aside);

// After `step` was written: removes all older ones but the newest `keep` - 1 and the one of the
// lowest validation loss. If it is in doubt, all stay.
void remove_old_checkpoints(const std::string& checkpoints, std::int64_t step, int keep);

// Makes `best` a link to the checkpoint of the lowest validation loss; none if there is no such.
// Error(kCheckpoint) where links cannot be made.
void link_best_checkpoint(const std::string& checkpoints);

}  // namespace pipetrain
