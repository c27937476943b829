"""A folder with programs that stand for others and only note how they are called.

It must not know which ones, or who calls them."""

import os

import default_signals  # noqa: F401


class StandIns:
    """`programs`: the text of each as a script of bash; in $HERE it finds what to answer: `codes`, a line each, and
    the files `present`."""

    def __init__(self, folder, programs, codes, present):
        self.folder = folder
        self.programs = os.path.join(folder, "bin")
        os.makedirs(self.programs)
        for name, text in programs.items():
            path = os.path.join(self.programs, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/bash\n" + text)
            os.chmod(path, 0o755)
        self.write("codes", "".join(f"{code}\n" for code in codes))
        for name in present:
            self.write(name, "")

    def environment(self, **settings):
        """With these programs ahead of all others."""
        return {**os.environ, "HERE": self.folder, "PATH": self.programs + ":" + os.environ["PATH"], **settings}

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def lines(self, name):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []
