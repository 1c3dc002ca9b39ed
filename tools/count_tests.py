#!/usr/bin/env python3
"""Count the tests of one part of `make check`.

    count_tests.py LOG          a log whose last count line reads "N passed, N failed[, N skipped]"
    count_tests.py LOG.json     meson's testlog.json: the functions of cmocka programs, the count
                                line of others, else the program itself
Prints "PASSED FAILED SKIPPED" and, below, the output of what failed.
"""

import json
import re
import sys

COUNT_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", re.M)
CMOCKA = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] ", re.M)
TAIL_LINES = 40


def count_line(text):
    """(passed, failed, skipped) of the last count line, None when there is none."""
    lines = COUNT_LINE.findall(text)
    return tuple(int(n or 0) for n in lines[-1]) if lines else None


def count_program(row):
    """(passed, failed, skipped) of one test program of meson."""
    out = row.get("stdout", "")
    words = CMOCKA.findall(out)
    counts = (words.count("OK"), words.count("FAILED"), words.count("SKIPPED")) if words \
        else count_line(out)
    if row["result"] == "SKIP":
        return 0, 0, 1
    bad = row["result"] not in ("OK", "EXPECTEDFAIL")
    if not counts or sum(counts) == 0:
        return (0, 1, 0) if bad else (1, 0, 0)
    passed, failed, skipped = counts
    # A crash, a leak or a time-out shows in the exit status only.
    return passed, failed or int(bad), skipped


def count_meson(text):
    total, bad = (0, 0, 0), []
    for line in text.splitlines():
        row = json.loads(line)
        counts = count_program(row)
        total = tuple(a + b for a, b in zip(total, counts))
        if counts[1]:
            output = (row.get("stdout", "") + row.get("stderr", "")).splitlines()
            bad += [f"--- {row['name']}: {row['result']}"] + output[-TAIL_LINES:]
    return total, bad


def self_test():
    crash = {"name": "c", "result": "FAIL", "stdout": "[       OK ] a\n", "stderr": "SEGV"}
    rows = [
        ({"name": "a", "result": "OK", "stdout": "[ RUN ] a\n[       OK ] a\n[  SKIPPED ] b\n"},
         (1, 0, 1)),
        (crash, (1, 1, 0)),
        ({"name": "a", "result": "FAIL", "stdout": "[  FAILED  ] a\n[       OK ] b\n"}, (1, 1, 0)),
        ({"name": "a", "result": "TIMEOUT"}, (0, 1, 0)),
        ({"name": "a", "result": "OK"}, (1, 0, 0)),
        ({"name": "a", "result": "OK", "stdout": "x\n7 passed, 0 failed\n"}, (7, 0, 0)),
        ({"name": "a", "result": "FAIL", "stdout": "7 passed, 2 failed, 1 skipped\n"}, (7, 2, 1)),
        ({"name": "a", "result": "SKIP"}, (0, 0, 1)),
    ]
    wrong = [r for r, expected in rows if count_program(r) != expected]
    total, bad = count_meson("\n".join(json.dumps(r) for r, _ in rows))
    if wrong or total != (18, 5, 3) or "SEGV" not in bad or count_line("none") is not None:
        print("count: self-test:", wrong, total, bad)
        return 1
    return 0


def main(argv):
    if argv[1:] == ["--self-test"]:
        return self_test()
    with open(argv[1], encoding="utf-8", errors="replace") as f:
        text = f.read()
    if argv[1].endswith(".json"):
        counts, bad = count_meson(text)
    else:
        counts, bad = count_line(text), []
    if counts is None:
        print(f"{argv[1]}: no line with a count", file=sys.stderr)
        return 1
    print(*counts)
    print("\n".join(bad), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
