"""Signals are heard however the tests were started: nohup, or the background of a shell, has ignored some of them, and
whatever a test starts would inherit that. Importing this is enough."""

import signal

for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
