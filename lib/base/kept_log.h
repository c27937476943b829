// The log of a run in a file beside what the run writes, for who comes later. It must not know what
// is logged.
#pragma once

#include <string>

namespace pipetrain {

// From now on the default logger's lines are also written to the end of this file, with date and
// time; so are those that were logged before, unless they were many. False, with errno, if the file
// cannot be written. A line that a full disk does not take is on standard error all the same.
bool keep_log_in(const std::string& path);

// Makes the default logger hold its lines until it is known where they are to be kept.
void hold_log();

}  // namespace pipetrain
