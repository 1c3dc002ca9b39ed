#!/usr/bin/env python3
"""Refuse calls that have no place here, `//` comments, and debts without an issue.

Variable length arrays are the compiler's to find (-Wvla); the rest is here.
"""

import re
import sys

import lintlib

# (names as a regular expression, files where they are allowed, why not elsewhere).  Places are
# prefixes of paths.
UNSAFE = "no bounds or no errors"
BANNED_EVERYWHERE = [
    (r"strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strncpy|strncat", (), UNSAFE),
    (r"strtok|atoi|atol|atoll|atof", (), UNSAFE),
    (r"tmpnam|tempnam|mktemp", (), "a race; mkstemp() or fs_write_atomic()"),
    (r"rand|srand|random|srandom|drand48", ("lab/",), "guessable; random_bytes()"),
    (r"system|popen|wordexp", (), "runs a shell; proc_run_one()"),
    (r"alloca", (), "unbounded stack"),
    (r"signal", (), "not portable in what it does; sigaction()"),
    (r"pthread_\w+|thrd_\w+", (), "no threads"),
    (r"setjmp|longjmp", (), "jumps over cleanup"),
]
BANNED_IN_PROGRAMS = [
    (r"malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf",
     ("src/base/mem.c", "src/base/arena.c", "src/base/strbuf.c"),
     "may give NULL; base/mem.h or base/arena.h"),
    (r"fork|vfork|clone|posix_spawnp?|exec[lv]\w*|fexecve|daemon", ("src/base/proc.c",),
     "base/proc.h is the only door to fork"),
    (r"setenv|putenv|unsetenv|clearenv", (), "the environment belongs to who started us"),
    (r"sleep|usleep", (), "clock_sleep_ms()"),
]
PRINTF = re.compile(r"^(\w*printf|strbuf_addf|json_setf|cmd_\w*f)$")
SQL_TEXT = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|(ALTER|CREATE|DROP) "
                      r"(ROLE|USER|TABLE|SYSTEM|DATABASE|EXTENSION|PUBLICATION))\b.*%")
SHELL_TEXT = re.compile(r"(\bsh -c\b|\brm -rf?\b|\bsudo -|\bchown \S*%|\$\().*%|%.*\| *sh\b")
SHELL_MAKERS = ("src/remote/cmd.c", "src/remote/ssh.c")
SSH_ARGV = re.compile(r"^\"(/usr/bin/)?(ssh|scp|sftp)\"$")
DEBT = re.compile(r"NEEDSWORK(?!\(#\d+\):)|\b(TODO|FIXME|XXX|HACK)\b")
THIS = "tools/check_banned.py"


def rules_for(path):
    rules = list(BANNED_EVERYWHERE)
    if path.startswith("src/"):
        rules += BANNED_IN_PROGRAMS
    return [(re.compile(f"^(?:{names})$"), why) for names, places, why in rules
            if not path.startswith(places or ("\0",))]


def calls(tokens):
    """Index of each name that is called: followed by "(", not a member, not declared."""
    for i, token in enumerate(tokens[:-1]):
        before = tokens[i - 1].text if i else ""
        if token.kind == "name" and tokens[i + 1].text == "(" and before not in (".", "->"):
            yield i


def check_calls(path, tokens):
    rules = rules_for(path)
    for i in calls(tokens):
        for pattern, why in rules:
            if pattern.match(tokens[i].text):
                yield lintlib.Finding(path, tokens[i].line, f"{tokens[i].text}(): {why}")


def strings_of_call(tokens, i):
    """The string literals among the arguments of the call at I, joined as the compiler does."""
    depth, texts = 0, []
    for token in tokens[i + 1:]:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.kind == "string":
            texts.append(token.text.strip('"'))
        if depth == 0:
            break
    return "".join(texts)


def check_formats(path, tokens):
    """Text that others execute is never formatted."""
    for i in calls(tokens):
        if not PRINTF.match(tokens[i].text):
            continue
        text = strings_of_call(tokens, i)
        if SQL_TEXT.search(text):
            yield lintlib.Finding(path, tokens[i].line, "formatted SQL; PARAMS(...)")
        if SHELL_TEXT.search(text) and path not in SHELL_MAKERS:
            yield lintlib.Finding(path, tokens[i].line, "formatted shell; struct cmd")


def check_ssh(path, tokens):
    if path == "src/remote/ssh.c":
        return
    for before, token in zip(tokens, tokens[1:]):
        if before.text == "{" and token.kind == "string" and SSH_ARGV.match(token.text):
            yield lintlib.Finding(path, token.line, "only src/remote/ssh.c starts ssh")


def check_header(path, text):
    if not text.startswith("/*"):
        yield lintlib.Finding(path, 1, "a header starts with a comment on what it is for")
    if "#pragma once" not in text:
        yield lintlib.Finding(path, 1, "header without #pragma once")


def check_c(path, text):
    findings = [lintlib.Finding(path, t.line, "// comment; use /* */")
                for t in lintlib.c_tokens(text) if t.kind == "line_comment"]
    code = lintlib.c_code(text)
    findings += check_calls(path, code)
    if path.startswith("src/"):
        findings += check_formats(path, code)
        findings += check_ssh(path, code)
    if path.startswith("src/") and path.endswith(".h"):
        findings += check_header(path, text)
    return findings


def check_debts(path, text):
    if path == THIS:
        return
    for number, line in enumerate(text.split("\n"), 1):
        debt = DEBT.search(line)
        if debt:
            yield lintlib.Finding(path, number,
                                  f"{debt.group()}: a debt is NEEDSWORK and (#issue):")


def check(path, text):
    findings = list(check_debts(path, text))
    if lintlib.language(path, text) == "c":
        findings += check_c(path, text)
    return findings


SAMPLES = [
    ("src/a/a.c", "void f(void)\n{\n\tstrcpy(a, b);\n}\n", "strcpy()"),
    ("src/a/a.c", "int x = atoi(s);\n", "atoi()"),
    ("src/a/a.c", "void *p = malloc(3);\n", "malloc()"),
    ("src/base/mem.c", "void *p = calloc(1, 3);\n", None),
    ("src/a/a.c", "pid_t p = fork();\n", "fork()"),
    ("src/base/proc.c", "pid_t p = fork();\n", None),
    ("src/a/a.c", "int i = execvp(a, b);\n", "execvp()"),
    ("src/a/a.c", "int i = pthread_create(a);\n", "no threads"),
    ("tests/unit/a.c", "int i = setenv(a, b, 1);\n", None),
    ("src/a/a.c", "int i = setenv(a, b, 1);\n", "setenv()"),
    ("tests/unit/a.c", "int i = system(a);\n", "system()"),
    ("src/a/a.c", "int i = signal(a, b);\n", "signal()"),
    ("src/a/a.c", "int i = x->system(a) + y.signal(b); /* gets( */ char *c = \"gets(\";\n", None),
    ("src/a/a.c", "int i; // why\n", "// comment"),
    ("src/a/a.c", "const char *url = \"http://x\"; /* // fine */\n", None),
    ("src/a/a.c", "/* TO" + "DO: later */\n", "a debt is"),
    ("doc/a.md", "NEEDS" + "WORK: later\n", "a debt is"),
    ("src/a/a.c", "/* NEEDS" + "WORK(#12): later */\n", None),
    ("src/a/a.c", 'int i = strbuf_addf(b, "SELECT 1 "\n\t"FROM %s", t);\n', "formatted SQL"),
    ("src/a/a.c", 'int i = xasprintf("rm -rf %s", d);\n', "formatted shell"),
    ("src/a/a.c", 'int i = err_set(e, ERR_IO, "cannot UPDATE %s", d);\n', None),
    ("src/a/a.c", 'const char *argv[] = { "ssh", host };\n', "starts ssh"),
    ("src/remote/ssh.c", 'const char *argv[] = { "ssh", host };\n', None),
    ("src/a/a.h", "int x;\n", "starts with a comment"),
    ("src/a/a.h", "/* For x. */\nint x;\n", "#pragma once"),
    ("src/a/a.h", "/* For x. */\n#pragma once\nint x;\n", None),
]


def main(argv):
    if argv[1:] == ["--self-test"]:
        return lintlib.self_test("banned", SAMPLES, check)
    findings = []
    for path in lintlib.project_files():
        if not path.endswith((".png", ".svg", ".lock", "package-lock.json")):
            findings += check(path, lintlib.read(path))
    return lintlib.report("banned", findings)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
