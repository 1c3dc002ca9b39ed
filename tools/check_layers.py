#!/usr/bin/env python3
"""Refuse an #include that the tables of doc/architecture.md do not allow.

The table of folders says which of our folders a folder may include; the table of doors says which
files may include the headers of a library.  Both are read from the document: it cannot go stale.
"""

import fnmatch
import re
import sys

import lintlib

DOCUMENT = "doc/architecture.md"
INCLUDE = re.compile(r'#\s*include\s*([<"])([^>"]+)[>"]')


def table(text, *head):
    """Rows (lists of cells) of the Markdown table whose header starts with the words HEAD."""
    rows, inside = [], False
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[:len(head)] == list(head):
            inside = True
        elif inside and not set(cells[0]) <= set("-: "):
            rows.append(cells)
    return rows


def words_in_ticks(cell):
    return re.findall(r"`([^`]+)`", cell)


def read_layers(text):
    """{folder: set of folders it may include}."""
    rows = table(text, "folder", "what")
    names = [words_in_ticks(r[0])[0].removeprefix("src/") for r in rows]
    layers = {}
    for name, row in zip(names, rows):
        allowed = row[2]
        if allowed.startswith("everything but"):
            but = re.findall(r"\w+", allowed.removeprefix("everything but"))
            layers[name] = set(names) - set(but)
        elif allowed == "nothing of ours":
            layers[name] = set()
        else:
            layers[name] = set(allowed.split())
        unknown = layers[name] - set(names)
        if unknown:
            raise SystemExit(f"{DOCUMENT}: {name} may include unknown {sorted(unknown)}")
    return layers


def read_doors(text):
    """[(patterns of headers, patterns of files)], the first row that fits a header decides."""
    return [(words_in_ticks(r[1]), words_in_ticks(r[2])) for r in table(text, "library", "headers")]


def is_behind_door(path, header, doors):
    for headers, places in doors:
        if any(fnmatch.fnmatch(header, h) for h in headers):
            return any(path == p or path.startswith(p + "/") for p in places)
    return True


def check_include(folder, header, layers):
    """Why FOLDER may not include HEADER of ours; None when it may."""
    target = header.split("/")[0] if "/" in header else folder
    if target not in layers or target == folder or target in layers[folder]:
        return None
    return f"src/{folder} may not include \"{header}\": see the table in {DOCUMENT}"


def check_file(path, text, layers, doors):
    findings = []
    parts = path.split("/")
    if parts[0] != "src" or len(parts) < 3:
        return findings
    folder = parts[1]
    if folder not in layers:
        return [lintlib.Finding(path, 1, f"src/{folder} is not in the table of {DOCUMENT}")]
    for token in lintlib.c_tokens(text):
        include = INCLUDE.match(token.text.strip()) if token.kind == "directive" else None
        if not include:
            continue
        header = include.group(2)
        why = check_include(folder, header, layers) if include.group(1) == '"' else None
        if not is_behind_door(path, header, doors):
            why = f"<{header}> is behind another door: see the table in {DOCUMENT}"
        if why:
            findings.append(lintlib.Finding(path, token.line, why))
    return findings


SAMPLES = [
    ("src/base/a.c", '#include "store/store.h"\n', "may not include"),
    ("src/pg/a.h", '#  include "remote/cmd.h"\n', "may not include"),
    ("src/plan/a.c", "#include <sqlite3.h>\n", "another door"),
    ("src/store/a.c", "#include <jansson.h>\n", "another door"),
    ("src/base/str.c", "#include <jansson.h>\n", "another door"),
    ("src/rpc/a.c", "#include <event2/http.h>\n", "another door"),
    ("src/rpc/a.c", "#include <openssl/evp.h>\n", "another door"),
    ("src/crypt/a.c", "#include <openssl/ssl.h>\n", "another door"),
    ("src/daemon/a.c", '#include "plan/run.h"\n', "may not include"),
    ("src/nowhere/a.c", "int a;\n", "not in the table"),
    ("src/base/json.c", "#include <jansson.h>\n", None),
    ("src/job/a.c", '#include <event2/event.h>\n#include "base/err.h"\n', None),
    ("src/http/a.c", "#include <event2/http.h>\n#include <openssl/ssl.h>\n", None),
    ("src/pg/a.c", "#include <libpq-fe.h>\n/* #include \"store/a.h\" */\n", None),
    ("src/daemon/a.c", '#include "store/store.h"\n#include "err.h"\n', None),
]


def main(argv):
    document = lintlib.read(DOCUMENT)
    layers, doors = read_layers(document), read_doors(document)
    if not layers or not doors:
        raise SystemExit(f"{DOCUMENT}: the table of folders or of doors is gone")

    def check(path, text):
        return check_file(path, text, layers, doors)

    if argv[1:] == ["--self-test"]:
        return lintlib.self_test("layers", SAMPLES, check)
    findings = []
    for path in lintlib.project_files():
        if path.endswith((".c", ".h", ".def")):
            findings += check(path, lintlib.read(path))
    return lintlib.report("layers", findings)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
