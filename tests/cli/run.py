#!/usr/bin/env python3
"""Tests of the command line client against a scripted controller.

    run.py PGTANDEM [--write] [NAME...]

--write writes the golden texts anew instead of comparing them.
"""

import inspect
import os
import sys
import tempfile
import traceback

import tests_exit
import tests_output
import tests_request
import tests_session
from fake import Controller, make_certificate
from lab import Lab


def collect(names):
    """Every function test_... of the modules."""
    found = []
    for module in (tests_request, tests_output, tests_exit, tests_session):
        for name, fn in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and (not names or name[5:] in names):
                found.append((name[5:], fn))
    return found


def run_one(lab, name, fn):
    lab.fresh()
    try:
        fn(lab)
        return True
    except AssertionError as e:
        print(f"FAILED {name}: {e}")
    except Exception:
        print(f"FAILED {name}:")
        traceback.print_exc(file=sys.stdout)
    return False


def main():
    write = "--write" in sys.argv
    words = [w for w in sys.argv[1:] if w != "--write"]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="cli-test-") as folder:
        cert = make_certificate(folder, "controller")
        controller = Controller(*cert)
        lab = Lab(os.path.abspath(words[0]), folder, controller, cert, write)
        tests = collect(words[1:])
        try:
            for name, fn in tests:
                failed += not run_one(lab, name, fn)
        finally:
            lab.controller.close()
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not tests else 0)


if __name__ == "__main__":
    main()
