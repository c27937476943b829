// Whether someone has asked this process to stop in good order. It must not know what it does.
#pragma once

namespace pipetrain {

// Where SIGHUP was ignored when this process was started, as under nohup, it is ignored again. To
// be called first in main(): libraries take signals for themselves when they are loaded, as UCX
// does.
void keep_hangup_ignored();

// From now on SIGUSR1, SIGHUP, SIGINT and SIGTERM ask to stop, and do not end the process; a third
// SIGINT or SIGTERM does: a scheduler and mpirun may both have sent one. SIGHUP, which a closed
// terminal sends, stays ignored under nohup.
void catch_stop_signals();
bool stop_requested();

}  // namespace pipetrain
