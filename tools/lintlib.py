"""What the lints share: the files of the project, a small C scanner, findings."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", "builddir", "dist"}


class Finding:
    """One place that breaks a rule."""

    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def walk_files():
    """Every file below the root, for a copy of the project without its history."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS]
        for name in files:
            yield os.path.relpath(os.path.join(folder, name), ROOT)


def project_files():
    """Files that are, or are about to be, in the project; relative to its root, sorted."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], capture_output=True, check=False)
    names = listing.stdout.decode().split("\0") if listing.returncode == 0 else walk_files()
    return sorted({n for n in names if n and os.path.isfile(os.path.join(ROOT, n))})


def read(path):
    """The text of a file of the project; what is not UTF-8 is replaced."""
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def language(path, text):
    """"c", "sh", "py", "ts" or None, by suffix, else by the first line."""
    by_suffix = {".c": "c", ".h": "c", ".sh": "sh", ".bash": "sh", ".py": "py", ".ts": "ts"}
    suffix = os.path.splitext(path)[1]
    if suffix in by_suffix:
        return by_suffix[suffix]
    first = text[:80].split("\n", 1)[0] if not suffix and text.startswith("#!") else ""
    if re.search(r"\b(sh|bash|dash)\b", first):
        return "sh"
    return "py" if "python" in first else None


C_PIECE = re.compile(
    r"""(?P<line_comment>//[^\n]*)
    |(?P<comment>/\*.*?(?:\*/|\Z))
    |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n|/\*.*?\*/)*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
    |(?P<op>->|\+\+|--|&&|\|\||[<>=!]=|<<|>>|\.\.\.|[^\s\w])
    |(?P<space>\s+)""",
    re.X | re.S | re.M)


class Token:
    """A piece of C: kind is the name of a group of C_PIECE."""

    __slots__ = ("kind", "text", "line")

    def __init__(self, kind, text, line):
        self.kind, self.text, self.line = kind, text, line


def c_tokens(text):
    """All tokens of a C text, comments and directives too, blanks not."""
    line, tokens = 1, []
    for piece in C_PIECE.finditer(text):
        if piece.lastgroup != "space":
            tokens.append(Token(piece.lastgroup, piece.group(), line))
        line += piece.group().count("\n")
    return tokens


def c_code(text):
    """The tokens that the compiler sees after the preprocessor's lines are gone."""
    skipped = ("line_comment", "comment", "directive")
    return [t for t in c_tokens(text) if t.kind not in skipped]


def report(name, findings):
    """Print the findings; the exit status of a lint."""
    for finding in findings:
        print(finding)
    if findings:
        print(f"{name}: {len(findings)} finding(s)", file=sys.stderr)
    return 1 if findings else 0


def self_test(name, samples, check):
    """Feed CHECK(path, text) bad and good samples: (path, text, part of the finding or None).

    A lint that cannot fail is a defect; so is one that cannot pass.
    """
    wrong = 0
    for path, text, expected in samples:
        found = [f.text for f in check(path, text)]
        good = not found if expected is None else any(expected in f for f in found)
        if not good:
            wrong += 1
            print(f"{name}: self-test: {path}: expected {expected!r}, found {found}")
    if not samples or wrong:
        return 1
    print(f"{name}: self-test: {len(samples)} samples ok")
    return 0
