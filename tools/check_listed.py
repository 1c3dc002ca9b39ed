#!/usr/bin/env python3
"""Refuse C files that no meson.build names: a test that is not built cannot fail."""

import os
import re
import sys

import lintlib

TEST_ROW = re.compile(r"\[\s*'(\w+)',[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*?)??\[([^\[\]]*)\]\s*\]")


def unit_rows(text):
    """{folder: names} of tests/unit/meson.build."""
    rows = {}
    for folder, names in TEST_ROW.findall(text):
        rows.setdefault(folder, set()).update(re.findall(r"'([^']+)'", names))
    return rows


def named_near(path, build_files):
    """Whether a meson.build in the file's folder or above names it."""
    folder, name = os.path.split(path)
    while True:
        text = build_files.get(os.path.join(folder, "meson.build"), "")
        relative = os.path.relpath(path, folder) if folder else path
        if f"'{relative}'" in text or f"'{name}'" in text:
            return True
        if not folder:
            return False
        folder = os.path.dirname(folder)


def check_path(path, build_files):
    """Why PATH is not built; None when it is."""
    parts = path.split("/")
    if path.startswith("tests/unit/") and parts[-1].startswith("test_") and len(parts) == 4:
        rows = unit_rows(build_files.get("tests/unit/meson.build", ""))
        if parts[-1][len("test_"):-2] in rows.get(parts[2], ()):
            return None
    elif path.startswith("tests/fuzz/fuzz_"):
        name = parts[-1][len("fuzz_"):-2]
        if f"['{name}'," in build_files.get("tests/fuzz/meson.build", ""):
            return None
    if named_near(path, build_files):
        return None
    return "no meson.build names this file"


def check_all(texts):
    """Findings of a tree given as {path: text}."""
    build_files = {p: t for p, t in texts.items() if p.endswith("meson.build")}
    for path in texts:
        if path.startswith(("src/", "tests/")) and path.endswith(".c"):
            why = check_path(path, build_files)
            if why:
                yield lintlib.Finding(path, 1, why)


def self_test():
    tree = {
        "src/a/meson.build": "src_a = files('x.c')\n", "src/a/x.c": "", "src/a/y.c": "",
        "tests/unit/meson.build": "t = [\n['a', dep_a, ['x']],\n['b', [dep_a, dep_b],\n ['q']],\n]\n",
        "tests/unit/a/test_x.c": "", "tests/unit/a/test_q.c": "", "tests/unit/b/test_q.c": "",
        "tests/fuzz/meson.build": "f = [\n['x', dep_a],\n]\n",
        "tests/fuzz/fuzz_x.c": "", "tests/fuzz/fuzz_z.c": "",
    }
    found = sorted(f.path for f in check_all(tree))
    if found != ["src/a/y.c", "tests/fuzz/fuzz_z.c", "tests/unit/a/test_q.c"]:
        print("listed: self-test: found", found)
        return 1
    return 0


def main(argv):
    if argv[1:] == ["--self-test"]:
        return self_test()
    wanted = [p for p in lintlib.project_files() if p.endswith((".c", "meson.build"))]
    return lintlib.report("listed", list(check_all({p: lintlib.read(p) for p in wanted})))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
