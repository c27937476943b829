// How messages for the stages of one rank are told apart. Plain data; it must not know how they
// travel or where stages stand.
#pragma once

namespace pipetrain {

// By stage / dealt_to, which is below `count`: so it is where each `dealt_to` stages in turn stand
// on as many ranks. Dealt to 1, any stage has a number of its own.
struct StageNumbers {
  int dealt_to = 1, count = 1;
};

}  // namespace pipetrain
