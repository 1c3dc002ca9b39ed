#!/usr/bin/env python3
"""Tests of tools/gen_rpc.py: what it makes of a small declaration, and what it refuses.

    run.py GENERATOR [--write]     --write brings tests/api/expected up to date
"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
OUTPUTS = {"--ops-header": "rpc_ops.h", "--ops-source": "rpc_ops.c",
           "--jobs-header": "job_commands.h", "--doc": "doc.md"}
FIELD = '{ name = "a", type = "int", help = "x" }'
OP = 'path = "/v2/x"\n[[op]]\nname = "n"\nhandler = "h"\nsummary = "s"\n'
JOB = '[[job]]\ncommand = "c"\ntitle = "t"\nsummary = "s"\nhandler = "h"\nlock = "none"\n'
# (what is wrong, ops, jobs, part of the message)
REFUSED = [
    ("not TOML", "path =", "", "ops.toml"),
    ("a key that is not known", OP + "color = 1", "", "unknown keys ['color']"),
    ("no summary", OP.replace('summary = "s"\n', ""), "", "summary is missing"),
    ("a role without login", OP + 'role = "admin"\nlogin = false', "", "a role needs a login"),
    ("an unknown type", OP + f"fields = [{FIELD.replace('int', 'float')}]", "", "type is unknown"),
    ("an unknown form", OP + f"fields = [{FIELD[:-1]}, form = \"odd\" }}]", "", "form is unknown"),
    ("no help", OP + 'fields = [{ name = "a", type = "int" }]', "", "help is missing"),
    ("a field twice", OP + f"fields = [{FIELD}, {FIELD}]", "", "there twice"),
    ("a name that is no C name", OP + f"fields = [{FIELD.replace(chr(34) + 'a', chr(34) + 'A-b')}]", "",
     "C identifier"),
    ("an object that is not there",
     OP + 'fields = [{ name = "a", type = "object", of = "no", help = "x" }]', "", "no object 'no'"),
    ("objects in a circle",
     OP + 'fields = [{ name = "a", type = "object", of = "o", help = "x" }]\n'
     '[object.o]\nfields = [{ name = "a", type = "object", of = "o", help = "x" }]', "", "circle"),
    ("an operation twice", OP + OP.split("\n", 1)[1], "", "operation is there twice"),
    ("one handler for different fields",
     OP + f"fields = [{FIELD}]\n" + OP.split("\n", 1)[1].replace('"n"', '"m"'), "", "share a handler"),
    ("a command twice", OP, JOB + JOB, "command is there twice"),
    ("an unknown lock", OP, JOB.replace('"none"', '"tight"'), "lock is unknown"),
    ("a group that is not there", OP, JOB + 'include = ["no"]', "no group 'no'"),
    ("a shared field that is not there", OP, JOB + 'shares = "no"', "shares no field"),
]


def generate(generator, api, out):
    argv = [sys.executable, generator, "--api", api]
    for option, name in OUTPUTS.items():
        argv += [option, out / name]
    return subprocess.run(argv, capture_output=True, text=True)


def check_golden(generator, out, write):
    run = generate(generator, HERE / "small", out)
    yield "the small declaration is accepted", run.returncode == 0, run.stderr
    for name in OUTPUTS.values():
        made, golden = (out / name).read_text(encoding="utf-8"), HERE / "expected" / f"{name}.txt"
        if write:
            golden.write_text(made, encoding="utf-8")
        yield f"{name} is as expected", made == golden.read_text(encoding="utf-8"), "--write"


def check_refusals(generator, out):
    for what, ops, jobs, message in REFUSED:
        api = out / "api"
        for folder, text in (("ops", ops), ("jobs", jobs)):
            (api / folder).mkdir(parents=True, exist_ok=True)
            (api / folder / f"{folder}.toml").write_text(text, encoding="utf-8")
        run = generate(generator, api, out)
        yield f"refuses {what}", run.returncode == 1 and message in run.stderr, run.stderr


def main():
    generator, write = sys.argv[1], "--write" in sys.argv[2:]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        for name, ok, detail in [*check_golden(generator, out, write), *check_refusals(generator, out)]:
            passed, failed = passed + ok, failed + (not ok)
            print(f"{'ok  ' if ok else 'FAIL'} {name}" + ("" if ok else f"\n     {detail.strip()}"))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
