#include "schedule/generate/evaluation_program.h"

#include <algorithm>
#include <vector>

#include "schedule/generate/generate.h"

namespace pipetrain {

Program evaluation_program(const Schedule& schedule, int microbatches, const Features& features) {
  const Schedule forwards =
      generate_forward_only(schedule.placement.one_way(), std::max(microbatches, 1),
                            /*stage_by_stage=*/features.shards_parameters, schedule.vocabulary);
  Program program = program_of(forwards, features);
  if (microbatches > 0) return program;
  for (std::vector<Action>& actions : program.actions.ranks) {
    std::erase_if(actions, [](const Action& action) {
      return action.op != Op::kUnshard && action.op != Op::kReshard;
    });
  }
  return program;
}

}  // namespace pipetrain
