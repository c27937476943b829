// Text handed to the system, whole or with the reason why not: standard output, and files written
// aside. All that the program writes goes through here; it must not know what it says.
#pragma once

#include <string>
#include <string_view>

namespace pipetrain {

// Whether all of it was taken; if not, errno says why, also where the system took a part first.
bool write_all(int file, std::string_view text);

// `path` with just this text; if that fails nothing is left of it, and errno says why.
bool write_whole(const std::string& path, std::string_view text);
// The same by way of "<path>.part" and a rename: on a full disk the old file stays.
bool write_renamed(const std::string& path, std::string_view text);

// Error(kConfiguration) if standard output does not take it, on a full disk, say.
void write_output(std::string_view text);
// The same, but false if its reader is gone: a closed pipe, a terminal that was left.
bool offer_output(std::string_view text);
// A closed pipe, as after `| head`, ends a process, which is right for one that only shows
// something. From now on it is an error of the write.
void ignore_closed_pipes();

// Before a file is opened. Standard streams that the process was started without are taken, so that
// no file gets their numbers and what is meant for a person.
void take_standard_streams();

}  // namespace pipetrain
