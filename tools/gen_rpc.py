#!/usr/bin/env python3
"""Tables of the RPC layer and of the job commands, made from api/ops/*.toml and api/jobs/*.toml.

A file of api/ops has a `path` (or several) and rows [[op]]:
  name      operation as on the wire (found without regard to case); aliases: more names
  login     false: works without a session (default true)
  role      "admin": only for administrators (default "user")
  handler   op_HANDLER() in src/rpc/ops/ serves it, struct req_HANDLER is what it gets
  fields    see below;  reply: names of the fields of the reply;  summary: one sentence
A file of api/jobs has rows [[job]]:
  command, title, summary, handler (struct job_HANDLER), fields
  include   groups ([group.NAME]) whose fields it also has
  lock      none, shared, exclusive: on the job's cluster (for "new": the one it makes)
  shares    name of a field with the ID of another cluster, which is locked shared
  cluster   "required": there must be a cluster; "new": it makes one (default "optional")
Both may have [object.NAME] with fields.  A field has:
  name      or a list of names, the proper one first
  type      int bool string strings object list json (object and list: of = "OBJECT")
  form      what a text must look like (src/rpc/form.c);  choices: allowed texts
  min, max  of the value (int), of the length (string) or of the number of members
  required, secret, default (documented here, applied by whoever uses the field), help
  refuse    why it cannot be asked for yet: false and nothing are fine, all else is a fault
"""
import argparse
import pathlib
import re
import sys
import tomllib

TYPES = ["int", "bool", "string", "strings", "object", "list", "json"]
FORMS = ["text", "line", "host", "cluster_name", "path", "version", "user_name", "url",
         "packages", "time"]
STRING_MAX = 1024
LIST_MAX = 64
FIELD_KEYS = {"name", "type", "form", "choices", "min", "max", "required", "secret", "default",
              "help", "of", "refuse"}
OP_KEYS = {"name", "aliases", "login", "role", "handler", "fields", "reply", "summary", "paths"}
JOB_KEYS = {"command", "title", "summary", "handler", "fields", "include", "lock", "shares",
            "cluster"}
IDENT = re.compile(r"^[a-z][a-z0-9_]*$")


class Bad(Exception):
    """A mistake in the declarations."""


def need(ok, where, text):
    if not ok:
        raise Bad(f"{where}: {text}")


def as_list(value):
    return value if isinstance(value, list) else [value]


def load_field(row, where):
    names = as_list(row.get("name"))
    where = f"{where}: field {names[0]}"
    need(not set(row) - FIELD_KEYS, where, f"unknown keys {sorted(set(row) - FIELD_KEYS)}")
    kind = row.get("type")
    need(kind in TYPES, where, "type is unknown")
    need(IDENT.match(names[0]), where, "the first name must be a C identifier")
    need(row.get("help"), where, "help is missing")
    need(("of" in row) == (kind in ("object", "list")), where, "'of' belongs to object and list")
    need(row.get("form", "text") in FORMS, where, "form is unknown")
    low, high = {"int": (-2**63, 2**63 - 1), "string": (1, STRING_MAX)}.get(kind, (0, LIST_MAX))
    return dict(row, names=names, ident=names[0], form=row.get("form", "text"),
                min=row.get("min", low), max=row.get("max", high))


def load_fields(rows, where):
    fields = [load_field(r, where) for r in rows]
    names = [n for f in fields for n in f["names"]]
    need(len(names) == len(set(names)), where, "a field name is there twice")
    return fields


def load_op(row, paths, where):
    where = f"{where}: operation '{row.get('name')}'"
    need(not set(row) - OP_KEYS, where, f"unknown keys {sorted(set(row) - OP_KEYS)}")
    need(IDENT.match(row.get("handler", "")), where, "handler is missing")
    need(row.get("summary"), where, "summary is missing")
    need(row.get("role", "user") in ("user", "admin"), where, "role is unknown")
    need(row.get("login", True) or "role" not in row, where, "a role needs a login")
    return {"paths": paths, "names": [row["name"]] + row.get("aliases", []),
            "login": row.get("login", True), "role": row.get("role", "user"),
            "handler": row["handler"], "summary": row["summary"], "reply": row.get("reply", []),
            "fields": load_fields(row.get("fields", []), where)}


def load_job(row, groups, where):
    where = f"{where}: job '{row.get('command')}'"
    need(not set(row) - JOB_KEYS, where, f"unknown keys {sorted(set(row) - JOB_KEYS)}")
    for key in ("command", "title", "summary", "handler"):
        need(row.get(key), where, f"{key} is missing")
    need(row.get("lock") in ("none", "shared", "exclusive"), where, "lock is unknown")
    need(row.get("cluster", "optional") in ("required", "optional", "new"), where, "cluster is unknown")
    fields = list(row.get("fields", []))
    for name in row.get("include", []):
        need(name in groups, where, f"there is no group '{name}'")
        fields += groups[name]["fields"]
    fields = load_fields(fields, where)
    need(row.get("shares") in [None] + [f["ident"] for f in fields], where, "shares no field")
    return dict(row, fields=fields, cluster=row.get("cluster", "optional"))


class Api:
    """All declarations, checked."""

    def __init__(self, root):
        self.objects, self.ops, self.jobs = {}, [], []
        ops = self.read(root / "ops")
        jobs = self.read(root / "jobs")
        groups = {k: v for _, doc in jobs for k, v in doc.get("group", {}).items()}
        for name, doc in ops + jobs:
            for key, value in doc.get("object", {}).items():
                need(key not in self.objects, name, f"object '{key}' is there twice")
                self.objects[key] = load_fields(value["fields"], f"{name}: object {key}")
        for name, doc in ops:
            self.ops += [load_op(r, as_list(doc["path"]), name) for r in doc.get("op", [])]
        for name, doc in jobs:
            self.jobs += [load_job(r, groups, name) for r in doc.get("job", [])]
        self.check()

    @staticmethod
    def read(folder):
        docs = []
        for path in sorted(folder.glob("*.toml")):
            try:
                docs.append((path.name, tomllib.loads(path.read_text(encoding="utf-8"))))
            except tomllib.TOMLDecodeError as e:
                raise Bad(f"{path}: {e}") from e
        return docs

    def rows(self):
        """(path, name, operation) in the order of a binary search."""
        rows = [(p, n.lower(), n, op) for op in self.ops for p in op["paths"] for n in op["names"]]
        return sorted(rows, key=lambda r: r[:2])

    def check(self):
        keys = [r[:2] for r in self.rows()]
        need(len(keys) == len(set(keys)), "api/ops", "an operation is there twice")
        commands = [j["command"] for j in self.jobs]
        need(len(commands) == len(set(commands)), "api/jobs", "a command is there twice")
        for owner in self.ops + self.jobs:
            self.depth(owner["fields"], 0)

    def depth(self, fields, level):
        need(level < 8, "api", "objects nest too deep or in a circle")
        for f in fields:
            if "of" in f:
                need(f["of"] in self.objects, f["ident"], f"there is no object '{f['of']}'")
                self.depth(self.objects[f["of"]], level + 1)

    def objects_in_order(self):
        """Objects, each after those it is made of."""
        done = []

        def visit(name):
            for f in self.objects[name]:
                if "of" in f:
                    visit(f["of"])
            if name not in done:
                done.append(name)

        for name in sorted(self.objects):
            visit(name)
        return done

    def handlers(self):
        seen = {}
        for op in self.ops:
            need(op["handler"] not in seen or seen[op["handler"]] == op["fields"],
                 op["handler"], "two operations share a handler but not the fields")
            seen[op["handler"]] = op["fields"]
        return seen

    def job_handlers(self):
        seen = {}
        for job in self.jobs:
            need(job["handler"] not in seen or seen[job["handler"]] == job["fields"],
                 job["handler"], "two commands share a handler but not the fields")
            seen[job["handler"]] = job["fields"]
        return seen


def c_text(s):
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'


def struct_members(field):
    name, kind = field["ident"], field["type"]
    if kind in ("int", "bool"):
        return [f"{'int64_t' if kind == 'int' else 'bool'} {name};", f"bool has_{name};"]
    if kind == "string":
        return [f"const char *{name};"]
    if kind == "strings":
        return [f"const char *const *{name};", f"size_t n_{name};"]
    if kind == "json":
        return [f"const struct json *{name};"]
    member = [f"const struct obj_{field['of']} *{name};"]
    return member + ([f"size_t n_{name};"] if kind == "list" else [])


def c_struct(name, fields):
    lines = [f"struct {name} {{"]
    for f in fields:
        lines += [f"\t{m}" for m in struct_members(f)]
    if not fields:
        lines.append("\tchar none;")
    return "\n".join(lines + ["};", ""])


def extra_member(f):
    if f["type"] in ("int", "bool"):
        return "has_" + f["ident"]
    return "n_" + f["ident"] if f["type"] in ("strings", "list") else f["ident"]


def c_int(value):
    return "INT64_MIN" if value == -2**63 else f"INT64_C({value})"


def c_field(struct, f):
    names = "".join(c_text(n) + ", " for n in f["names"])
    row = [f".names = (const char *const[]){{ {names}NULL }}", f".type = FIELD_{f['type'].upper()}",
           f".form = FORM_{f['form'].upper()}", f".min = {c_int(f['min'])}",
           f".max = {c_int(f['max'])}", f".offset = offsetof(struct {struct}, {f['ident']})",
           f".extra = offsetof(struct {struct}, {extra_member(f)})"]
    row += [f".{flag} = true" for flag in ("required", "secret") if f.get(flag)]
    if f.get("refuse"):
        row.append(f".refuse = {c_text(f['refuse'])}")
    if f.get("choices"):
        texts = "".join(c_text(c) + ", " for c in f["choices"])
        row.append(f".choices = (const char *const[]){{ {texts}NULL }}")
    if "of" in f:
        row.append(f".of = &message_obj_{f['of']}")
    return "\t{ " + ",\n\t  ".join(row) + " },"


def c_message(name, struct, fields, storage):
    lines = []
    if fields:
        lines += [f"static const struct field fields_{struct}[] = {{"]
        lines += [c_field(struct, f) for f in fields] + ["};", ""]
    table = f".fields = fields_{struct}, .n_fields = {len(fields)}, " if fields else ""
    lines += [f"{storage}const struct message message_{struct} = {{",
              f"\t.name = {c_text(name)}, {table}.size = sizeof(struct {struct}),", "};", ""]
    return "\n".join(lines)


BANNER = "/* Made by tools/gen_rpc.py from api/; do not edit. */\n"


def ops_header(api):
    out = [BANNER, "#pragma once\n", "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n",
           '#include "base/err.h"\n#include "base/json.h"\n#include "rpc/decode.h"\n',
           "struct rpc_call;\n"]
    out += [c_struct("obj_" + n, api.objects[n]) for n in api.objects_in_order()]
    for name, fields in api.handlers().items():
        out.append(c_struct("req_" + name, fields))
        out.append(f"enum err_code op_{name}(struct rpc_call *c, const struct req_{name} *req, "
                   "struct err *e);\n")
    for name, fields in api.job_handlers().items():
        out.append(c_struct("job_" + name, fields))
        out.append(f"extern const struct message message_job_{name};\n")
    return "\n".join(out)


def op_row(path, name, op):
    return (f"\t{{ {c_text(path)}, {c_text(name)}, {str(op['login']).lower()}, "
            f"{str(op['role'] == 'admin').lower()}, &message_req_{op['handler']}, "
            f"run_{op['handler']} }},")


def job_row(job):
    return (f"\t{{ {c_text(job['command'])}, {c_text(job['title'])}, "
            f"RPC_CLUSTER_{job['cluster'].upper()}, &message_job_{job['handler']} }},")


def ops_source(api):
    out = [BANNER, '#include "api/rpc_ops.h"\n\n#include "rpc/table.h"\n']
    for n in api.objects_in_order():
        out.append(c_message(n, "obj_" + n, api.objects[n], "static "))
    for name, fields in api.handlers().items():
        out.append(c_message(name, "req_" + name, fields, "static "))
        out.append(f"static enum err_code run_{name}(struct rpc_call *c, const void *req, "
                   f"struct err *e)\n{{\n\treturn op_{name}(c, req, e);\n}}\n")
    for name, fields in api.job_handlers().items():
        out.append(c_message(name, "job_" + name, fields, ""))
    rows = [op_row(p, n, op) for p, _, n, op in api.rows()]
    out += ["const struct rpc_op rpc_ops[] = {", *rows, "};",
            f"const size_t rpc_ops_count = {len(rows)};\n"]
    jobs = sorted(api.jobs, key=lambda j: j["command"])
    out += ["const struct rpc_job rpc_jobs[] = {", *[job_row(j) for j in jobs], "};",
            f"const size_t rpc_jobs_count = {len(jobs)};"]
    return "\n".join(out) + "\n"


def secret_names(api):
    fields = [f for o in api.ops + api.jobs for f in o["fields"]]
    fields += [f for o in api.objects.values() for f in o]
    return sorted({n for f in fields if f.get("secret") for n in f["names"]})


def jobs_header(api):
    """The part that the engine needs too: it must not include anything of src/rpc."""
    out = [BANNER, "#pragma once\n", "#include <stdbool.h>\n#include <stddef.h>\n",
           "enum job_lock { JOB_LOCK_NONE, JOB_LOCK_SHARED, JOB_LOCK_EXCLUSIVE };\n",
           "struct job_command {", "\tconst char *name;", "\tconst char *title;",
           "\tenum job_lock lock;     /* on the job's cluster */",
           "\tbool needs_cluster;",
           "\tconst char *shares;     /* field with the ID of a cluster to lock shared, or NULL */",
           "};\n", "static const struct job_command job_commands[] = {"]
    for j in sorted(api.jobs, key=lambda j: j["command"]):
        shares = c_text(j["shares"]) if j.get("shares") else "NULL"
        out.append(f"\t{{ {c_text(j['command'])}, {c_text(j['title'])}, "
                   f"JOB_LOCK_{j['lock'].upper()}, {str(j['cluster'] == 'required').lower()}, "
                   f"{shares} }},")
    out += ["};\n", "/* Names of fields, at any depth, whose values are secrets. */",
            "static const char *const job_secret_fields[] = {"]
    out += [f"\t{c_text(n)}," for n in secret_names(api)] + ["\tNULL,", "};", ""]
    return "\n".join(out)


def doc_field(f, prefix=""):
    notes = [f["help"]]
    if f.get("choices"):
        notes.append("one of " + ", ".join(f"`{c}`" for c in f["choices"]))
    if f.get("required"):
        notes.append("**required**")
    if "default" in f:
        notes.append(f"default `{str(f['default']).lower() if isinstance(f['default'], bool) else f['default']}`")
    if f.get("secret"):
        notes.append("secret")
    if f.get("refuse"):
        notes.append("not yet: " + f["refuse"])
    also = f" (also {', '.join('`' + n + '`' for n in f['names'][1:])})" if f["names"][1:] else ""
    kind = f["type"] + (f" of {f['of']}" if f["type"] == "list" else "")
    if f["form"] not in ("text", "line"):
        kind = f["form"].replace("_", " ")
    return f"| `{prefix}{f['ident']}`{also} | {kind} | {'; '.join(notes)} |"


def doc_fields(api, fields, prefix=""):
    rows = []
    for f in fields:
        rows.append(doc_field(f, prefix))
        if "of" in f:
            suffix = "[]." if f["type"] == "list" else "."
            rows += doc_fields(api, api.objects[f["of"]], prefix + f["ident"] + suffix)
    return rows


def doc_table(api, fields):
    if not fields:
        return ["No fields.", ""]
    return ["| field | type | meaning |", "|---|---|---|", *doc_fields(api, fields), ""]


def document(api):
    out = ["# Operations and job commands", "",
           "Made by `tools/gen_rpc.py --doc` from `api/ops` and `api/jobs`; do not edit.", "",
           "Every operation is a POST of one JSON object with `operation` and the fields below. Numbers",
           "and booleans may be texts, an empty text counts as left out, unknown fields pass. All faults",
           "of a request are answered in one reply (`error_string`, and `field_errors` for programs).", "",
           "## Operations", ""]
    for op in sorted(api.ops, key=lambda o: (o["paths"], o["names"][0].lower())):
        who = {"admin": "administrators", "user": "any user"}[op["role"]] if op["login"] else "no login"
        out += [f"### {', '.join('`' + n + '`' for n in op['names']) if op['names'][0] else 'no operation'}", "",
                f"{', '.join('`' + p + '`' for p in op['paths'])}; {who}. {op['summary']}", ""]
        out += doc_table(api, op["fields"])
        if op["reply"]:
            out += ["Reply: " + ", ".join(f"`{r}`" for r in op["reply"]) + ".", ""]
    out += ["## Job commands", "", "`createJobInstance` with `job.job_spec.command`; the fields are those of "
            "`job.job_spec.job_data`.", ""]
    for job in sorted(api.jobs, key=lambda j: j["command"]):
        lock = {"none": "locks no cluster", "shared": "shares its cluster", "exclusive": "has its cluster for itself"}
        out += [f"### `{job['command']}`", "", f"{job['summary']} Title \"{job['title']}\"; {lock[job['lock']]}.", ""]
        out += doc_table(api, job["fields"])
    return "\n".join(out).rstrip() + "\n"


def main():
    p = argparse.ArgumentParser(description="make the tables of the RPC layer")
    p.add_argument("--api", type=pathlib.Path, required=True, help="folder api/")
    p.add_argument("--ops-header", type=pathlib.Path)
    p.add_argument("--ops-source", type=pathlib.Path)
    p.add_argument("--jobs-header", type=pathlib.Path)
    p.add_argument("--doc", type=pathlib.Path, help="write the document")
    args = p.parse_args()
    try:
        api = Api(args.api)
        made = [(args.ops_header, ops_header), (args.ops_source, ops_source),
                (args.jobs_header, jobs_header), (args.doc, document)]
        for path, make in made:
            if path:
                path.write_text(make(api), encoding="utf-8")
    except Bad as e:
        sys.exit(f"gen_rpc: {e}")


if __name__ == "__main__":
    main()
