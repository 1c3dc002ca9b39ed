#!/usr/bin/env python3
"""Refuse functions that are too long, too branched or too deep, and files that are too long.

A function has less than 70 lines, cyclomatic complexity of at most 12 and at most three levels
of control statements; a file has at most 800 lines.
"""

import ast
import re
import sys

import lintlib

FUNCTION_LINES = 70
COMPLEXITY_MAX = 12
NESTING_MAX = 3
FILE_LINES_MAX = 800


class Function:
    """What is measured of one function."""

    def __init__(self, name, line):
        self.name, self.line, self.last = name, line, line
        self.complexity, self.nesting = 1, 0

    def findings(self, path):
        lines = self.last - self.line + 1
        if lines >= FUNCTION_LINES:
            yield lintlib.Finding(path, self.line, f"{self.name}: {lines} lines of code, "
                                  f"less than {FUNCTION_LINES} are allowed")
        if self.complexity > COMPLEXITY_MAX:
            yield lintlib.Finding(path, self.line, f"{self.name}: complexity {self.complexity}, "
                                  f"at most {COMPLEXITY_MAX} is allowed")
        if self.nesting > NESTING_MAX:
            yield lintlib.Finding(path, self.line, f"{self.name}: {self.nesting} levels of "
                                  f"nesting, at most {NESTING_MAX} are allowed")


C_CONTROL = {"if", "for", "while", "switch", "do", "else"}
C_BRANCH = {"if", "for", "while", "case", "&&", "||", "?"}


class Nesting:
    """Levels of control statements while the tokens of one function go by."""

    def __init__(self):
        self.stack, self.pending, self.paren, self.most = [], 0, 0, 0

    def depth(self):
        return sum(self.stack) + self.pending

    def see(self, token, following):
        text = token.text
        if text in "()":
            self.paren += 1 if text == "(" else -1
        elif text == "{":
            self.stack.append(self.pending)
            self.pending = 0
        elif text == "}":
            self.stack.pop()
        elif text == ";" and self.paren == 0:
            self.pending = 0
        elif text in C_CONTROL and not (text == "else" and following == "if"):
            self.pending += 1
        self.most = max(self.most, self.depth())


def c_head_name(head):
    """The name of the function whose tokens before "{" are HEAD; None when it is none."""
    depth, name = 0, None
    for i, token in enumerate(head):
        if depth == 0 and token.text == "=":
            return None
        if token.text == "(":
            if depth == 0 and i and head[i - 1].kind == "name":
                name = head[i - 1]
            depth += 1
        elif token.text == ")":
            depth -= 1
    return name if head and head[-1].text == ")" else None


def c_body(tokens, start, name):
    """Measure the body that opens at START; the function and the index behind it."""
    function, nesting, i = Function(name.text, name.line), Nesting(), start
    while i < len(tokens):
        token = tokens[i]
        following = tokens[i + 1].text if i + 1 < len(tokens) else ""
        nesting.see(token, following)
        if token.kind in ("name", "op") and token.text in C_BRANCH:
            function.complexity += 1
        i += 1
        if not nesting.stack:
            break
    function.last, function.nesting = tokens[i - 1].line, nesting.most
    return function, i


def skip_braces(tokens, i):
    """The index behind the block that opens at I."""
    depth = 0
    while i < len(tokens):
        depth += {"{": 1, "}": -1}.get(tokens[i].text, 0)
        i += 1
        if depth == 0:
            break
    return i


def c_functions(text):
    tokens, head, i, functions = lintlib.c_code(text), [], 0, []
    while i < len(tokens):
        if tokens[i].text != "{":
            head = [] if tokens[i].text in (";", "}") else head + [tokens[i]]
            i += 1
            continue
        name = c_head_name(head)
        if name:
            function, i = c_body(tokens, i, name)
            functions.append(function)
            head = []
        else:
            i = skip_braces(tokens, i)
    return functions


PY_BRANCH = (ast.If, ast.For, ast.While, ast.IfExp, ast.ExceptHandler, ast.comprehension,
             ast.match_case)
PY_LEVEL = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
PY_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def py_measure(function, node):
    """Walk the body of NODE without the functions in it."""
    todo = [(child, 0) for child in node.body]
    while todo:
        item, level = todo.pop()
        if isinstance(item, PY_FUNCTION):
            continue
        function.complexity += isinstance(item, PY_BRANCH)
        if isinstance(item, ast.BoolOp):
            function.complexity += len(item.values) - 1
        level += isinstance(item, PY_LEVEL)
        function.nesting = max(function.nesting, level)
        for child in ast.iter_child_nodes(item):
            is_elif = (isinstance(item, ast.If) and isinstance(child, ast.If)
                       and item.orelse == [child])
            todo.append((child, level - 1 if is_elif else level))


def py_functions(text):
    functions = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, PY_FUNCTION):
            function = Function(node.name, node.lineno)
            function.last = node.end_lineno
            py_measure(function, node)
            functions.append(function)
    return functions


SH_HERE = re.compile(r"<<(-?)[ \t]*\\?['\"]?(\w+)['\"]?")


class ShellBlanker:
    """Copies shell code without comments, quoted text and here-documents; the lines stay.

    The stack tells where we are: "code", "double" (quotes) or "brace" (${...}); an entry of
    "code" above the first is a $(...), and counts its parentheses.
    """

    def __init__(self, text):
        self.text, self.i, self.out = text, 0, []
        self.stack, self.here = [["code", 0]], []

    def blank_until(self, end):
        """Leave out the text up to END (an index), but not its line ends."""
        self.out.append("\n" * self.text.count("\n", self.i, end) or "_")
        self.i = end

    def find(self, what, start):
        at = self.text.find(what, start)
        return len(self.text) if at < 0 else at

    def step_documents(self, c):
        """At a line end: skip the documents announced in the line before."""
        if c != "\n" or not self.here:
            return False
        for tabs, word in self.here:
            pattern = re.compile("^" + ("\t*" if tabs else "") + re.escape(word) + "$", re.M)
            end = pattern.search(self.text, self.i + 1)
            self.blank_until(end.end() if end else len(self.text))
        self.here = []
        return True

    def enter(self):
        """$( and ${ open something in every state; True when they did."""
        two = self.text[self.i:self.i + 2]
        if two not in ("$(", "${"):
            return False
        self.stack.append(["code", 1] if two == "$(" else ["brace", 0])
        self.i += 2
        return True

    def step_quoted(self, closing):
        """In double quotes or ${...}: only what closes, escapes and opens matters."""
        c = self.text[self.i]
        if c == "\\":
            self.i += 2
        elif c == closing:
            self.stack.pop()
            self.i += 1
        elif c == '"':
            self.stack.append(["double", 0])
            self.i += 1
        elif not self.enter():
            self.out.append(c if c == "\n" else "")
            self.i += 1

    def step_parens(self, c):
        """Count inside $(...); True when this one closed it."""
        top = self.stack[-1]
        if len(self.stack) == 1 or c not in "()":
            return False
        top[1] += 1 if c == "(" else -1
        if top[1] == 0:
            self.stack.pop()
            self.i += 1
        return top[1] == 0

    def step_here(self):
        match = SH_HERE.match(self.text, self.i)
        if not match or self.text.startswith("<<<", self.i):
            return False
        self.here.append((match.group(1), match.group(2)))
        self.i = match.end()
        return True

    def step_code(self):
        c, before = self.text[self.i], self.text[self.i - 1:self.i]
        if c == "\\":
            self.i += 2
        elif c == "'":
            self.blank_until(self.find("'", self.i + 1) + 1)
        elif c == '"':
            self.stack.append(["double", 0])
            self.out.append("_")
            self.i += 1
        elif c == "#" and before.strip(" \t\n;") == "":
            self.i = self.find("\n", self.i)
        elif not (self.step_documents(c) or self.enter() or self.step_here() or self.step_parens(c)):
            # What runs inside $(...) is not a level of the function around it.
            self.out.append(c if len(self.stack) == 1 or c == "\n" else "")
            self.i += 1

    def run(self):
        while self.i < len(self.text):
            state = self.stack[-1][0]
            if state == "code":
                self.step_code()
            else:
                self.step_quoted('"' if state == "double" else "}")
        return "".join(self.out)


def sh_blank(text):
    return ShellBlanker(text).run()


SH_START = re.compile(r"^([ \t]*)(?:function\s+)?([\w.-]+)\s*\(\)\s*[{(]")
SH_OPEN = {"if", "for", "while", "until", "case", "select"}
SH_BRANCH = {"if", "elif", "for", "while", "until", ";;"}
SH_ROW = re.compile(r"\).*;;")
SH_CLOSE = {"fi", "done", "esac"}
SH_WORD = re.compile(r"(?:^|[\s;&|(){}!])(if|elif|for|while|until|case|select|fi|done|esac)"
                     r"(?=$|[\s;&|)])|(;;)")


def sh_measure(function, lines):
    """Guards (|| die) are no branches here, every line of a script would be one; nor is a branch
    of a case that fits into its line: that is the row of a table."""
    level = 0
    for line in lines:
        for match in SH_WORD.finditer(line):
            word = match.group(1) or match.group(2)
            level += (word in SH_OPEN) - (word in SH_CLOSE)
            is_row = word == ";;" and SH_ROW.search(line)
            function.complexity += word in SH_BRANCH and not is_row
            function.nesting = max(function.nesting, level)


def sh_functions(text):
    lines, functions, i = sh_blank(text).split("\n"), [], 0
    while i < len(lines):
        start = SH_START.match(lines[i])
        if not start:
            i += 1
            continue
        end = i
        if not re.search(r"[})]\s*$", lines[i]):
            closing = re.compile("^" + start.group(1) + "[})]")
            while end + 1 < len(lines) and not closing.match(lines[end]):
                end += 1
        function = Function(start.group(2), i + 1)
        function.last = end + 1
        sh_measure(function, lines[i:end + 1])
        functions.append(function)
        i = end + 1
    return functions


TS_NOISE = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)
    |(?P<regex>(?<=[(,=:\[!&|?{};])\s*/(?![/*])(?:\\.|[^/\\\n])+/\w*)""", re.X | re.S)
TS_HEAD = re.compile(r"(?:function\s*\*?\s*(\w*)|\b(\w+))\s*(?:<[^<>{}]*>)?\([^{}]*\)"
                     r"\s*(?::[^{};=]*)?(?:=>\s*)?$")


def ts_code(text):
    blank = TS_NOISE.sub(lambda m: "\n" * m.group().count("\n") or " _ ", text)
    return lintlib.c_code(blank)


def ts_head(tokens, i):
    """Name of the function whose body opens at I; None when a control statement does."""
    start = i
    while start > 0 and tokens[start - 1].text not in (";", "{", "}"):
        start -= 1
    head = " ".join(t.text for t in tokens[start:i])
    head = head.replace("= >", "=>")
    if head.split(" ", 1)[0] in C_CONTROL | {"catch", "class", "interface"}:
        return "arrow" if head.endswith("=>") else None
    match = TS_HEAD.search(head)
    if match:
        return match.group(1) or match.group(2) or "function"
    return "arrow" if head.endswith("=>") else None


def ts_functions(text):
    tokens, functions, i = ts_code(text), [], 0
    for i, token in enumerate(tokens):
        name = ts_head(tokens, i) if token.text == "{" else None
        if name:
            function, _ = c_body(tokens, i, token)
            function.name = name
            functions.append(function)
    return functions


MEASURES = {"c": c_functions, "py": py_functions, "sh": sh_functions, "ts": ts_functions}


def check(path, text):
    language = "ts" if path.endswith(".tsx") else lintlib.language(path, text)
    if language is None:
        return []
    findings = []
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        findings.append(lintlib.Finding(path, lines, f"{lines} lines in this file, at most "
                                        f"{FILE_LINES_MAX} are allowed"))
    # Text between JSX tags is not code, and this scanner cannot tell.
    if path.endswith(".tsx"):
        return findings
    for function in MEASURES[language](text):
        findings += function.findings(path)
    return findings


def samples():
    """Bad and good texts, as lintlib.self_test() wants them."""
    long_c = "static int f(int a)\n{\n" + "\ta++;\n" * 67 + "}\n"
    ok_c = "static int f(int a)\n{\n" + "\ta++;\n" * 66 + "}\n"
    branchy = "if (a && b)\n\t\tc();\n\t" * 6
    deep = "\tfor (;;) {\n\tif (a) {\n\twhile (b)\n\tif (c)\n\td();\n\t}\n\t}\n"
    flat = "\tif (a) {\n\t} else if (b) {\n\t} else if (c) {\n\t} else if (d) {\n\t} else {\n\t}\n"
    rows = "static const struct r t[] = {\n" + "\t{ f(1), a ? b : c },\n" * 100 + "};\n"
    return [
        ("a.c", long_c, "70 lines"),
        ("a.c", ok_c, None),
        ("a.c", f"void f(void)\n{{\n\t{branchy}\n}}\n", "complexity 13"),
        ("a.c", "void f(void)\n{\n" + deep + "}\n", "4 levels"),
        ("a.c", "void f(void)\n{\n" + flat + "}\n", None),
        ("a.c", "/* if ( */\n#define X(a) \\\n\tif (a) { \\\n\t}\n" + rows, None),
        ("a.c", 'NO_RETURN static void g(char c)\n{\n\tx("if ? {");\n' + "\ty();\n" * 70 + "}\n",
         "g: 74 lines"),
        ("a.h", "int x;\n" * 801, "lines in this file"),
        ("a.py", "def f():\n" + "    x()\n" * 69, "70 lines"),
        ("a.py", "def f(a):\n    return " + " and ".join("a" * 13) + "\n", "complexity 13"),
        ("a.py", "def f(a):\n    if a:\n        for b in a:\n            while b:\n"
         "                if b:\n                    pass\n", "4 levels"),
        ("a.py", "def f(a):\n    if a:\n        pass\n    elif a:\n        pass\n    elif a:\n"
         "        pass\n    elif a:\n        pass\n", None),
        ("a.sh", "f() {\n" + "\techo 'x\n}'\n" * 35 + "}\n", "72 lines"),
        ("tool", "#!/bin/bash\nf() {\n" + "\tif a; then b; fi\n" * 12 + "}\n", "complexity 13"),
        ("a.sh", "f() {\n\tcat <<EOF\n" + "if a\n" * 20 + "EOF\n\techo \"# }\" # if\n}\n", None),
        ("a.sh", "f() { x \"$(printf '%s' \"$1\" | sed \"s/'/''/; s/#/}/\")\"; }\n\n" * 80, None),
        ("a.sh", "f() {\n\tcat <<-'EOF' | x \"${1#'}\"\n\tif (\n\tEOF\n" + "\ta\n" * 70 + "}\n",
         "75 lines"),
        ("a.sh", "f() {\ncase a in\n" + "'b c' | d) e ;;\n" * 20 + "esac\n}\n", None),
        ("a.sh", "f() {\ncase a in\n" + "b)\nc\n;;\n" * 12 + "esac\n}\n", "complexity 13"),
        ("a.sh", "f() {\nif a; then\nfor b in c; do\nwhile d; do\ncase e in\nx) y ;;\nesac\n"
         "done\ndone\nfi\n}\n", "4 levels"),
        ("a.ts", "export function f(a: number): number {\n" + "  a++;\n" * 68 + "}\n", "70 lines"),
        ("a.ts", "const f = (a: string) => {\n" + "  if (a) b();\n" * 12 + "};\n", "complexity 13"),
        ("a.ts", "if (a) {\n" + "  b(`{`, '}', /[{]/);\n" * 80 + "}\n", None),
    ]


def main(argv):
    if argv[1:] == ["--self-test"]:
        return lintlib.self_test("limits", samples(), check)
    findings = []
    for path in lintlib.project_files():
        findings += check(path, lintlib.read(path))
    return lintlib.report("limits", findings)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
