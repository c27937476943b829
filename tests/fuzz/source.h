// Reads what a Source made of hostile files gives: rows of both splits, from the first to the last.
// It must not know formats.
#pragma once

#include "data/source.h"

namespace pipetrain::fuzz {

void read_rows(const Source& source);

}  // namespace pipetrain::fuzz
