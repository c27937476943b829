#!/usr/bin/env python3
"""which_mpi_test.py WHICH_MPI: flags come from compiler wrappers as each MPI writes them, launchers are those that
belong to them, and what cannot be honoured is refused."""
import importlib.util
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

SPEC = importlib.util.spec_from_file_location("which_mpi", sys.argv.pop())
which_mpi = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(which_mpi)
MPICH = 'echo "gcc -Wl,-z,relro -O2 -g -I/m/mpich -DX=\'a b\' -Xlinker -rpath -L/m/lib -Wl,--enable-new-dtags -lmpich -pthread"'
OPEN = '[ "$1" = --showme ] || exit 1; echo gcc -I/o/include -I /o/more -L/o/lib -lmpi'
INTEL = "echo \"icx -I'/opt/intel mpi/include' -L/i/lib/release -L/i/lib -Xlinker --enable-new-dtags -lmpifort -lmpi -ldl -lrt\""
CRAY = '[ "$1" = --cray-print-opts=all ] || exit 1; echo -I/opt/cray/include -L/opt/cray/lib -lmpi_gnu_123'
STATIC = "echo cc -I/s /s/lib/libmpi.a"
HYDRA, ORTE = "echo HYDRA build details:", "echo 'mpirun (Open MPI) 4.1.4'"


class WhichMpi(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = pathlib.Path(self.place.name, "with space")
        self.folder.mkdir()
        self.kept = self.folder / "build" / "mpicc.txt"

    def program(self, name, text):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def flags(self, option, **environment):
        with unittest.mock.patch.dict(os.environ, {"PATH": str(self.folder), **environment}, clear=True):
            return which_mpi.all_flags(option, self.kept)

    def refused(self, option, text, **environment):
        with self.assertRaises(SystemExit) as refusal:
            self.flags(option, **environment)
        self.assertIn(text, str(refusal.exception))

    def test_flags_of_each_kind(self):
        cases = [
            ("mpicc.mpich", MPICH, ["-I/m/mpich", "-DX=a b", "-pthread"],
             ["-Wl,-z,relro", "-Xlinker", "-rpath", "-L/m/lib", "-Wl,--enable-new-dtags", "-lmpich", "-pthread"]),
            ("mpicc.openmpi", OPEN, ["-I/o/include", "-I", "/o/more"], ["-L/o/lib", "-lmpi"]),
            ("mpiicx", INTEL, ["-I/opt/intel mpi/include"],
             ["-L/i/lib/release", "-L/i/lib", "-Xlinker", "--enable-new-dtags", "-lmpifort", "-lmpi", "-ldl", "-lrt"]),
            ("cc", CRAY, ["-I/opt/cray/include"], ["-L/opt/cray/lib", "-lmpi_gnu_123"]),
            ("mpicc", STATIC, ["-I/s"], ["/s/lib/libmpi.a"]),
        ]
        for name, text, compiling, linking in cases:
            path = self.program(name, text)
            for option in (name, path):
                self.assertEqual(self.flags(option), [[path], compiling, linking])

    def test_words_of_its_own(self):
        self.program("mpicc", '[ "$1" = -cc=clang ] && [ "$2" = -show ] && echo clang -I/c -lmpi')
        self.assertEqual(self.flags("mpicc -cc=clang")[1:], [["-I/c"], ["-lmpi"]])

    def test_which_is_taken(self):
        mpich, intel = self.program("mpicc.mpich", MPICH), self.program("mpiicx", INTEL)
        self.assertEqual(self.flags(""), [])
        self.assertEqual(self.flags("mpiicx", MPICC="mpicc.mpich")[0], [intel])
        self.assertEqual(self.flags(""), [], "only MPICC is remembered")
        self.assertEqual(self.flags("", MPICC=mpich)[0], [mpich])
        self.assertEqual(self.flags("")[0], [mpich], "MPICC is remembered")
        self.assertEqual(self.flags("", MPICC="mpiicx")[0], [intel])

    def test_what_is_refused(self):
        self.refused("no_such_mpicc", "there is no program 'no_such_mpicc'")
        self.refused("", "there is no program 'no_such_mpicc'", MPICC="no_such_mpicc")
        plain = self.program("plain", 'echo "plain: unknown option $1" >&2; exit 1')
        self.refused("plain", f"{plain} is no compiler wrapper of an MPI")
        self.program("talks", "echo gcc -I/x -lm")
        self.refused("talks", "is no compiler wrapper of an MPI")

    def launcher(self, kind, *wrapper):
        with unittest.mock.patch.dict(os.environ, {"PATH": str(self.folder)}):
            return os.path.basename(which_mpi.launcher(kind, *wrapper))

    def test_launchers(self):
        mpich, opened = self.program("mpicc.mpich", MPICH), self.program("mpicc.openmpi", OPEN)
        self.assertEqual(self.launcher("open", opened), "")
        self.program("mpirun", ORTE)
        self.assertEqual(self.launcher("other", mpich), "", "Open MPI's starts no ranks of MPICH")
        self.assertEqual(self.launcher("open"), "mpirun")
        self.program("mpiexec.mpich", HYDRA)
        self.assertEqual(self.launcher("other", mpich), "mpiexec.mpich")
        self.program("mpirun.mpich", HYDRA)
        self.program("mpirun.openmpi", ORTE)
        self.assertEqual(self.launcher("other", mpich), "mpirun.mpich")
        self.assertEqual(self.launcher("open", opened), "mpirun.openmpi")
        self.assertEqual(self.launcher("other"), "mpirun.mpich")
        link = self.folder / "mpicc"
        link.symlink_to("mpicc.mpich")
        self.assertEqual(self.launcher("other", link), "mpirun.mpich")


unittest.main(verbosity=0)
