// Standard output as a command finds it: a terminal or not, how wide, in colour or not. It must not
// know what is written there.
#pragma once

#include "schedule/draw/draw_text.h"

namespace pipetrain {

// The terminal's width and colour; 80 columns and none where output goes elsewhere. NO_COLOR and
// TERM=dumb mean no colour.
TextStyle terminal_style();

}  // namespace pipetrain
