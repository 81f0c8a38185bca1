#!/usr/bin/env python3
"""What mutate.py could not try is no mutant that was killed: the run says so, and fails."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
import mutate


def result(mutant, killed=True):
    return {"at": mutate.name_of(mutant), "kind": mutant[2], "old": "", "new": mutant[3], "compiles": True,
            "killed": killed, "by": "its own tests", "test": "one", "depth": 3, "seconds": 0}


class Runs(unittest.TestCase):
    mutants = [(mutate.ROOT / "core/grad.cpp", i, "sign", f"line {i}") for i in range(4)]

    def run_with(self, tried, jobs, *more):
        """The status of a run of four mutants, and what it prints of failures."""
        said = io.StringIO()
        arguments = ["mutate.py", "build", "--unchecked", "--count", "4", "--jobs", str(jobs), *more]
        with (mock.patch.object(mutate, "Build"), mock.patch.object(mutate, "tried", tried),
              mock.patch.object(mutate, "sources", lambda: self.mutants), mock.patch.object(sys, "argv", arguments),
              contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said)):
            return mutate.main(), said.getvalue()

    def test_all_killed(self):
        for jobs in (1, 3):
            self.assertEqual(self.run_with(lambda build, mutant, depth: result(mutant), jobs), (0, ""))

    def test_one_survives(self):
        tried = lambda build, mutant, depth: result(mutant, mutant is not self.mutants[2])
        self.assertEqual(self.run_with(tried, 1), (1, ""))
        self.assertEqual(self.run_with(tried, 1, "--least", "75"), (0, ""))
        self.assertEqual(self.run_with(tried, 1, "--least", "75.1"), (1, ""))

    def test_an_exception_of_a_worker_fails_the_run(self):
        def tried(build, mutant, depth):
            if mutant is self.mutants[2]:
                raise RuntimeError("no linker")
            return result(mutant)

        for jobs in (1, 3):
            status, said = self.run_with(tried, jobs)
            self.assertEqual(status, 1)
            self.assertIn(f"{mutate.name_of(self.mutants[2])} could not be tried:\n", said)
            self.assertIn("RuntimeError: no linker", said)


class Complaints(unittest.TestCase):
    def test_the_case_with_the_error_is_named(self):
        output = ("TEST CASE:  tells its errors\n\na.cpp:1: MESSAGE: exp: 0.5\n\n===\nb.cpp:2:\n"
                  "TEST CASE:  goes red\n\nb.cpp:3: ERROR: CHECK( 1 == 2 ) is NOT correct!\n"
                  "TEST CASE:  another\n")
        self.assertEqual(mutate.complaint(output), "goes red")
        self.assertEqual(mutate.complaint(output.replace("ERROR: CHECK", "FATAL ERROR: REQUIRE")), "goes red")
        self.assertEqual(mutate.complaint("TEST CASE:  tells its errors\n\na.cpp:1: MESSAGE: exp: 0.5\n"), "a crash")


class Units(unittest.TestCase):
    def test_what_nothing_compiles_is_refused(self):
        build = object.__new__(mutate.Build)
        build.commands = {}
        for name in ("core/grad.cpp", "ops/functions.def", "ops/of_nobody.def"):
            with tempfile.TemporaryDirectory() as place, self.assertRaisesRegex(LookupError, name):
                build.compiled(mutate.ROOT / name, "", pathlib.Path(place))


if __name__ == "__main__":
    unittest.main()
