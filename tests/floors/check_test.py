#!/usr/bin/env python3
"""Each rule of this folder can fail: made-up files that break it, and files beside them that do not."""
import pathlib
import subprocess
import tempfile
import unittest

import check
import includes
import layer_names
import mirror
import readability

HEADER = "// A thing.\n#pragma once\n"


def found(rule, files):
    """What a rule says of a repository with these files, a line for each place."""
    with tempfile.TemporaryDirectory() as folder:
        repository = pathlib.Path(folder)
        for path, text in files.items():
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_text(text, encoding="utf-8")
        return [f"{path}: {wrong}" for path, wrong in rule(repository)]


class Rules(unittest.TestCase):
    def breaks(self, rule, path, text, what, beside=None):
        """This file breaks the rule; `beside` are files that are there, too."""
        said = found(rule, {path: text, **(beside or {})})
        self.assertTrue(any(line.startswith(path) and what in line for line in said), said)

    def keeps(self, rule, path, text):
        said = [line for line in found(rule, {path: text}) if line.startswith(path)]
        self.assertEqual(said, [])

    def test_floors(self):
        self.breaks(check.violations, "lib/base/a.h", '#include "nn/layer.h"\n', "base/ may include only")
        self.breaks(check.violations, "lib/base/a.h", '#include "layer.h"\n', "not written as folder/file.h")
        self.breaks(check.violations, "lib/nowhere/a.h", '#include "base/error.h"\n', "stands on no floor")
        self.keeps(check.violations, "lib/tensor/a.h", '#include "base/error.h"\n')

    def test_a_table_that_allows_what_nothing_needs(self):
        said = found(check.violations, {"lib/tensor/a.h": HEADER})
        self.assertIn("tests/floors/check.py: nothing in tensor includes base any more; take it out of the table", said)

    def test_a_table_with_an_arrow_up(self):
        whole = check.MAY_INCLUDE
        check.MAY_INCLUDE = {"base": ["nn"], "nn": []}
        try:
            self.assertTrue(any("stands above it" in wrong for _, wrong in check.wrong_table()))
        finally:
            check.MAY_INCLUDE = whole
        self.assertEqual(list(check.wrong_table()), [])

    def test_libraries_and_output_behind_one_door(self):
        self.breaks(check.violations, "lib/nn/a.cpp", "#include <mpi.h>\n", "belongs behind lib/comm/mpi")
        self.keeps(check.violations, "lib/comm/mpi/a.cpp", "#include <mpi.h>\n")
        self.breaks(check.violations, "lib/nn/a.cpp", "std::cout << 1;\n", "uses std::cout")
        self.keeps(check.violations, "lib/base/output.cpp", "std::cout << 1;\n")

    def test_matcher_of_catch(self):
        self.breaks(check.violations, "tests/nn/a_test.cpp", 'Contains("x")\n', "uses Contains")
        self.keeps(check.violations, "tests/nn/a_test.cpp", 'ContainsSubstring("x")\n')

    def test_size_of_a_folder(self):
        many = {f"lib/nn/m{i}.h": HEADER for i in range(31)}
        self.assertTrue(any("holds 31 modules" in line for line in found(check.too_large, many)))
        large = {"lib/nn/a.cpp": "\n" * 20, **{f"lib/f{i}/a.cpp": "\n" * 10 for i in range(8)}}
        self.assertEqual([line.split(",")[0] for line in found(check.too_large, large)],
                         ["lib/nn: holds 20% of the lines of lib/"])

    def test_types_of_one_name(self):
        one = {"lib/data/a.h": "struct Range {\n};\n"}
        self.breaks(check.types_twice, "lib/nn/b.h", "struct Range {\n};\n", "as lib/data/a.h does", beside=one)
        self.breaks(check.types_twice, "lib/nn/b.h", "enum class Range { kA };\n", "defines Range", beside=one)
        self.breaks(check.types_twice, "lib/nn/b.cpp", "class Range final\n    : public Base {\n};\n", "defines Range", beside=one)
        self.assertEqual(found(check.types_twice, {**one, "lib/nn/b.cpp": "struct Range::Part {\n};\n"}), [])
        unnamed = "namespace {\n\nstruct Range {\n};\n\n}  // namespace\n"
        self.assertEqual(found(check.types_twice, {**one, "lib/nn/b.cpp": unnamed}), [])
        self.assertEqual(found(check.types_twice, {**one, "lib/nn/b.h": "struct Range;\nstruct Ranges {};\n"}), [])

    def test_includes(self):
        self.breaks(includes.violations, "lib/nn/a.cpp", "std::vector<int> x;\n", "without including <vector>")
        self.keeps(includes.violations, "lib/nn/a.cpp", "#include <vector>\nstd::vector<int> x;\n")
        self.keeps(includes.violations, "lib/nn/a.cpp", "// std::vector\n")

    def test_a_test_for_each_file(self):
        self.breaks(mirror.violations, "lib/data/a.cpp", "", "no test of its name, tests/data/a_test.cpp")
        said = found(mirror.violations, {"lib/data/a.cpp": "", "tests/data/a_test.cpp": ""})
        self.assertEqual([line for line in said if line.startswith("lib/")], [])
        whole = mirror.ELSEWHERE
        mirror.ELSEWHERE = {"data/a.cpp": "there", "nn/": "later"}
        try:
            self.assertEqual(found(mirror.violations, {"lib/data/a.cpp": "", "lib/nn/layers/b.cpp": ""}), [])
            said = found(mirror.violations, {"lib/data/a.cpp": "", "tests/data/a_test.cpp": ""})
            self.assertEqual([line.split(";")[0] for line in said],
                             ["tests/floors/mirror.py: nothing needs its line of data/a.cpp",
                              "tests/floors/mirror.py: nothing needs its line of nn/"])
        finally:
            mirror.ELSEWHERE = whole

    def test_names_of_layers(self):
        nn = {"lib/nn/layers/layer_kinds.cpp": 'constexpr LayerKind kKinds[] = {\n    {"attention", "Mixes."},\n};\n',
              "lib/nn/layers/attention.h": 'struct AttentionNames {\n  static constexpr const char *kLayer = "attention", *kQkv = "qkv";\n};\n'}
        for text in ("attention", "layers.", "layers.1.attention.qkv.weight", ".attention.qkv", "qkv.bias"):
            for path in ("lib/exchange/a.cpp", "app/a.h"):
                self.breaks(layer_names.violations, path, f'f("{text}");\n', "a name of lib/nn/layers/", beside=nn)
        for text in ('f("attn.qkv_proj.weight");', 'f("model.layers.0.attention");', '// "attention"', '#include "attention"',
                     'f("the attention\'s");'):
            said = found(layer_names.violations, {**nn, "lib/exchange/a.cpp": text + "\n"})
            self.assertEqual([line for line in said if line.startswith("lib/")], [])
        self.assertIn("has no table of kinds", found(layer_names.violations, {})[0])
        whole = layer_names.ELSEWHERE
        layer_names.ELSEWHERE = {("lib/plan/a.cpp", "attention"): "a word", ("lib/plan/b.cpp", "attention"): "another"}
        try:
            said = found(layer_names.violations, {**nn, "lib/plan/a.cpp": 'f("attention");\n'})
            self.assertEqual([line.split(";")[0] for line in said],
                             ['tests/floors/layer_names.py: nothing needs its line of "attention" in lib/plan/b.cpp'])
        finally:
            layer_names.ELSEWHERE = whole

    def test_names_of_pythons_own_modules(self):
        self.breaks(readability.violations, "tests/cli/tokenize.py", "", "module of Python's own")
        self.keeps(readability.violations, "tests/cli/tokenizing.py", "")

    def test_length_of_a_file(self):
        for path in ("lib/nn/a.cpp", "app/a.h", "tests/cli/a.py", "scripts/a.sh"):
            self.breaks(readability.violations, path, "\n" * 301, "has 301 lines")
            self.keeps(readability.violations, path, "\n" * 300)
        for path in ("tests/golden/a.py", "tests/fuzz/corpus/a.py", "lib/README.md", "build/lib/a.cpp"):
            self.keeps(readability.violations, path, "\n" * 301)

    def test_width_of_prose(self):
        wide = "x " * 61
        for path, text in (("README.md", wide), ("lib/a.md", f"| a |\n\n{wide}"), ("configs/a.yaml", f"a: 1  # {wide}"),
                           ("scripts/a.sh", f"# {wide}"), ("lib/meson.build", f"# {wide}"), ("lib/nn/a.h", f"// {wide}"),
                           ("tests/a.py", f"x = 1  # {wide}"), ("tests/a.py", f'"""{wide}"""\n'),
                           ("tests/a.py", f'def f():\n    """What.\n\n    {wide}\n    """\n')):
            self.breaks(readability.violations, path, text, "of prose, more than 120")
        for path, text in (("README.md", f"```\n{wide}\n```\n| {wide} |\n"), ("tests/a.py", f'x = "{wide}"\n'),
                           ("scripts/a.sh", f"echo '{wide}'\n"), ("README.md", "ü" * 120), ("runs/x/a.md", wide)):
            self.keeps(readability.violations, path, text)

    def test_subject_of_a_commit(self):
        said = list(readability.long_subjects(["x" * 72, "y" * 73]))
        self.assertEqual([path for path, _ in said], ["commit"])
        self.assertIn("y" * 73, said[0][1])

    def test_subjects_come_from_git(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(readability.subjects(folder), [])
            made = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b"]
            try:
                subprocess.run(["git", "init", "-q", folder], check=True)
            except OSError:
                self.skipTest("no git")
            subprocess.run([*made, "commit", "-q", "--allow-empty", "-m", "x" * 73 + "\n\nWhy."], check=True)
            self.assertEqual(readability.subjects(folder), ["x" * 73])


if __name__ == "__main__":
    unittest.main()
