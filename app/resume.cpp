#include "resume.h"

#include "base/error.h"
#include "checkpoint/checkpoint_list.h"

namespace pipetrain {
namespace {

void look(const RunOptions& options, const Config& config, ResumePoint& found) {
  if (!options.resume_from.empty()) {
    open_checkpoint(options.resume_from).verify();
    found.folder = options.resume_from;
    return;
  }
  const std::string checkpoints = config.train.output + "/checkpoints";
  const auto newest = newest_good_checkpoint(
      checkpoints, [&](const std::string& why) { found.refused.push_back(why); });
  if (newest) found.folder = *newest;
  if (!newest && !found.refused.empty()) {
    throw Error(ExitCode::kCheckpoint, found.refused.front() + "; no older checkpoint in " +
                                           checkpoints +
                                           " is good; move them away to start from the beginning");
  }
}

}  // namespace

ResumePoint find_resume_point(const RunOptions& options, const Config& config,
                              Collective& collective, ErrorReport& report) {
  ResumePoint found;
  if (!options.resumes) return found;
  report.agree([&] {
    if (collective.rank() == 0) look(options, config, found);
  });
  found.folder = collective.all_gather_text(found.folder).front();
  report.agree([&] {
    if (found.folder.empty()) return;
    const Checkpoint checkpoint = open_checkpoint(found.folder);
    found.position = checkpoint.position();
    if (checkpoint.config_yaml().empty()) return;  // of weights that no run has written
    found.config = load_config(found.folder + "/config.yaml");
  });
  return found;
}

}  // namespace pipetrain
