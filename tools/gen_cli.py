#!/usr/bin/env python3
"""Makes the command line client's tables, manual and completions out of api/options.toml.

    gen_cli.py OPTIONS header|source|man|bash|zsh [TEMPLATE] > FILE

TEMPLATE (man, bash, zsh) is copied; its line @TABLE@ is where the generated part goes.
The declaration is checked first: every mistake is printed, and nothing is written then.
"""

import json
import re
import sys
import tomllib

KINDS = ["flag", "bool", "int", "string", "path", "version", "time", "enum", "secret", "hosts",
         "host", "tags"]
SECRET_FILE = "secret_file"
OPTION_KEYS = {"name", "aliases", "short", "kind", "min", "max", "choices", "sends", "arg", "help",
               "env", "config", "default", "use"}
COMMAND_KEYS = {"name", "help", "run", "job", "title", "fixed", "path", "operation", "done",
                "requires", "explicit", "operand"}


class Api:
    """The declaration, checked, with the -file twins of secrets added."""

    def __init__(self, path):
        with open(path, "rb") as f:
            data = tomllib.load(f)
        self.modes = data["mode"]
        self.commands = data["command"]
        self.options = []
        for opt in data["option"]:
            self.options.append(opt)
            if opt.get("kind") == "secret":
                self.options.append(secret_file(opt))
        self.problems = []
        self.check()

    def check(self):
        self.check_names("mode", [m["name"] for m in self.modes])
        self.check_names("command", [c["name"] for c in self.commands])
        names = [n for o in self.options for n in [o["name"], *o.get("aliases", [])]]
        self.check_names("option", names)
        for cmd in self.commands:
            self.check_command(cmd)
        for opt in self.options:
            self.check_option(opt)

    def check_names(self, what, names):
        for name in names:
            if names.count(name) > 1:
                self.problems.append(f"{what} {name} is declared twice")
            if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name):
                self.problems.append(f"{what} {name!r}: not a good name")

    def check_command(self, cmd):
        where = f"command {cmd['name']}"
        self.check_keys(where, cmd, COMMAND_KEYS, {"name", "help", "run"})
        if cmd["name"].split(".")[0] not in [m["name"] for m in self.modes]:
            self.problems.append(f"{where}: no such mode")
        if cmd["run"] == "job" and not {"job", "title"} <= cmd.keys():
            self.problems.append(f"{where}: job and title are missing")
        if cmd["run"] == "rpc" and not {"path", "operation", "done"} <= cmd.keys():
            self.problems.append(f"{where}: path, operation and done are missing")
        if "fixed" in cmd:
            json.loads(cmd["fixed"])
        allowed = {o["name"] for o, _ in self.uses(cmd)}
        for need in cmd.get("requires", {}):
            for name in need.split("|"):
                if name not in allowed:
                    self.problems.append(f"{where}: requires --{name}, which it does not take")

    def check_option(self, opt):
        where = f"option {opt['name']}"
        self.check_keys(where, opt, OPTION_KEYS, {"name", "kind", "help", "use"})
        if opt["kind"] not in [*KINDS, SECRET_FILE]:
            self.problems.append(f"{where}: unknown kind {opt['kind']}")
        if opt["kind"] != "flag" and "arg" not in opt:
            self.problems.append(f"{where}: arg is missing")
        if (opt["kind"] == "int") != ("min" in opt and "max" in opt):
            self.problems.append(f"{where}: min and max go with int")
        if (opt["kind"] == "enum") != ("choices" in opt):
            self.problems.append(f"{where}: choices go with enum")
        if opt["kind"] == "flag" and "sends" in opt:
            json.loads(opt["sends"])
        for pattern in opt["use"]:
            if not any(pattern_rank(pattern, c) for c in self.commands):
                self.problems.append(f"{where}: no command is meant by {pattern!r}")

    def check_keys(self, where, row, known, needed):
        for key in row.keys() - known:
            self.problems.append(f"{where}: unknown key {key}")
        for key in needed - row.keys():
            self.problems.append(f"{where}: {key} is missing")
        if not row.get("help", ".").endswith("."):
            self.problems.append(f"{where}: help is not a sentence")

    def uses(self, cmd):
        """[(option, target)] that the command takes, in the order of the declaration."""
        found = []
        for opt in self.options:
            ranked = [(pattern_rank(p, cmd), t) for p, t in opt["use"].items()]
            rank, target = max(ranked, default=(0, ""))
            if rank:
                found.append((opt, target))
        return found

    def mode_commands(self, mode):
        return [c for c in self.commands if c["name"].split(".")[0] == mode["name"]]


def secret_file(opt):
    return {"name": opt["name"] + "-file", "kind": SECRET_FILE, "arg": "FILE", "of": opt["name"],
            "help": f"Read what --{opt['name']} would say from the first line of a file.",
            "use": {pattern: "" for pattern in opt["use"]}}


OPTION_KEYS.add("of")


def pattern_rank(pattern, cmd):
    """How exactly a pattern of "use" means the command; 0: not at all."""
    mode = cmd["name"].split(".")[0]
    ranks = {"*": 1, f"{mode}.*": 2, f"*.@{cmd['run']}": 3, f"{mode}.@{cmd['run']}": 4,
             cmd["name"]: 5}
    return ranks.get(pattern, 0)


def ident(name):
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def c_str(text):
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def gen_header(api):
    out = ["/* Generated from api/options.toml by tools/gen_cli.py. */", "#pragma once", "",
           "enum cli_option_id {"]
    out += [f"\tOPT_{ident(o['name'])}," for o in api.options]
    out += ["\tOPT_COUNT", "};"]
    return out


def option_fields(opt):
    """[(member, C text)] of those that the option has."""
    texts = {key: opt.get(key) for key in ["name", "sends", "arg", "help", "env", "config"]}
    texts["dflt"] = opt.get("default")
    texts["aliases"] = "|".join(opt.get("aliases", [])) or None
    texts["choices"] = "|".join(opt.get("choices", [])) or None
    fields = [("kind", "CLI_" + opt["kind"].upper())]
    fields += [(key, c_str(text)) for key, text in texts.items() if text is not None]
    fields += [(key, str(opt[key])) for key in ["min", "max"] if key in opt]
    if "short" in opt:
        fields.append(("short_name", f"'{opt['short']}'"))
    if "of" in opt:
        fields.append(("secret", "OPT_" + ident(opt["of"])))
    return fields


def option_row(opt):
    body = ", ".join(f".{key} = {text}" for key, text in option_fields(opt))
    return f"\t[OPT_{ident(opt['name'])}] = {{ {body} }},"


def command_row(api, cmd, tables):
    name = ident(cmd["name"]).lower()
    uses = api.uses(cmd)
    tables.append(f"static const struct cli_use uses_{name}[] = {{")
    tables += [f"\t{{ OPT_{ident(o['name'])}, {c_str(t)} }}," for o, t in uses]
    tables += ["};", ""]
    needs = cmd.get("requires", {})
    if needs:
        tables.append(f"static const struct cli_need needs_{name}[] = {{")
        tables += [f"\t{{ {c_str(k)}, {c_str(v)} }}," for k, v in needs.items()]
        tables += ["};", ""]
    fields = [f".mode = {c_str(cmd['name'].split('.')[0])}",
              f".name = {c_str(cmd['name'].split('.')[1])}",
              f".run = run_{cmd['run']}",
              f".uses = uses_{name}, .n_uses = {len(uses)}"]
    fields += [f".{key} = {c_str(cmd[key])}"
               for key in ["help", "job", "title", "path", "operation", "done", "operand"]
               if key in cmd]
    if "fixed" in cmd:
        fields.append(f".fixed = {c_str(json.dumps(json.loads(cmd['fixed'])))}")
    if needs:
        fields.append(f".needs = needs_{name}, .n_needs = {len(needs)}")
    if cmd.get("explicit"):
        fields.append(".explicit_only = true")
    return "\t{ " + ", ".join(fields) + " },"


def gen_source(api):
    out = ["/* Generated from api/options.toml by tools/gen_cli.py. */", '#include "cli/args.h"',
           '#include "cli/modes.h"', "", "const struct cli_option cli_options[OPT_COUNT] = {"]
    out += [option_row(o) for o in api.options]
    out += ["};", ""]
    modes = []
    for mode in api.modes:
        tables, rows = [], []
        for cmd in api.mode_commands(mode):
            rows.append(command_row(api, cmd, tables))
        out += tables
        out += [f"static const struct cli_command commands_{mode['name']}[] = {{", *rows, "};", ""]
        modes.append(f"\t{{ .name = {c_str(mode['name'])}, .help = {c_str(mode['help'])}, "
                     f".aliases = {c_str('|'.join(mode.get('aliases', [])))}, "
                     f".commands = commands_{mode['name']}, .n_commands = {len(rows)} }},")
    out += ["const struct cli_mode cli_modes[] = {", *modes, "};",
            f"const size_t cli_mode_count = {len(modes)};"]
    return out


def man_escape(text):
    return re.sub(r"([\\_*<>#~\[\]])", r"\\\1", text)


def man_option(opt):
    head = f"*--{opt['name']}*"
    if "short" in opt:
        head = f"*-{opt['short']}*, " + head
    if opt["kind"] != "flag":
        head += f"=_{man_escape(opt['arg'])}_"
    for alias in opt.get("aliases", []):
        head += f", *--{alias}*"
    text = man_escape(opt["help"])
    if opt["kind"] == "enum":
        text += " One of " + ", ".join(f"*{c}*" for c in opt["choices"]) + "."
    if opt["kind"] == "secret":
        text += " Asked for on the terminal when empty or *-*; see *SECRETS*."
    if "env" in opt:
        names = " or ".join(f"*{man_escape(n)}*" for n in opt["env"].split("|"))
        text += f" Environment: {names}."
    if "config" in opt:
        text += f" Configuration: *{man_escape(opt['config'])}*."
    return [head, "\t" + text, ""]


def man_command(api, cmd):
    mode, name = cmd["name"].split(".")
    operand = f" \\[_{cmd['operand']}_...\\]" if "operand" in cmd else ""
    text = man_escape(cmd["help"])
    own = [f"*--{o['name']}*" for o, _ in api.uses(cmd) if "*" not in o["use"]]
    needs = ["*--" + need.replace("|", "* or *--") + "*" for need in cmd.get("requires", {})]
    if needs:
        text += " Needs " + ", ".join(needs) + "."
    if own:
        text += " Takes " + ", ".join(own) + "."
    return [f"*pgtandem {mode} --{name}*{operand}", "\t" + text, ""]


def gen_man(api):
    everywhere = [o for o in api.options if "*" in o["use"]]
    out = ["# COMMANDS", ""]
    for mode in api.modes:
        out += [f"## {mode['name']}: {man_escape(mode['help'])}", ""]
        out += [line for cmd in api.mode_commands(mode) for line in man_command(api, cmd)]
    out += ["# OPTIONS OF COMMANDS", ""]
    out += [line for o in api.options if o not in everywhere for line in man_option(o)]
    out += ["# OPTIONS OF ALL COMMANDS", ""]
    out += [line for o in everywhere for line in man_option(o)]
    return out


def completion_words(api, cmd):
    words = []
    for opt, _ in api.uses(cmd):
        words.append(f"--{opt['name']}" + ("" if opt["kind"] == "flag" else "="))
    return words


def gen_bash(api):
    out = ["_pgtandem_modes='" + " ".join(m["name"] for m in api.modes) + "'", "",
           "_pgtandem_commands()", "{", "\tcase $1 in"]
    for mode in api.modes:
        names = " ".join("--" + c["name"].split(".")[1] for c in api.mode_commands(mode))
        out.append(f"\t{'|'.join([mode['name'], *mode.get('aliases', [])])}) echo '{names}' ;;")
    out += ["\tesac", "}", "", "_pgtandem_options()", "{", "\tcase $1 in"]
    for cmd in api.commands:
        mode, name = cmd["name"].split(".")
        out.append(f"\t{mode}--{name}) echo '{' '.join(completion_words(api, cmd))}' ;;")
    out += ["\tesac", "}", "", "_pgtandem_values()", "{", "\tcase $1 in"]
    for opt in api.options:
        values = {"enum": " ".join(opt.get("choices", [])), "bool": "true false",
                  "path": "@file", SECRET_FILE: "@file"}.get(opt["kind"])
        if values:
            out.append(f"\t--{opt['name']}) echo '{values}' ;;")
    out += ["\tesac", "}"]
    return out


def zsh_text(text):
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh_option(opt):
    if opt["kind"] == "flag":
        return f"'--{opt['name']}[{zsh_text(opt['help'])}]'"
    action = {"enum": "(" + " ".join(opt.get("choices", [])) + ")", "bool": "(true false)",
              "path": "_files", SECRET_FILE: "_files"}.get(opt["kind"], " ")
    return f"'--{opt['name']}=[{zsh_text(opt['help'])}]:{zsh_text(opt['arg'])}:{action}'"


def gen_zsh(api):
    out = ["local -a modes", "modes=("]
    out += [f"\t'{m['name']}:{zsh_text(m['help'])}'" for m in api.modes]
    out += [")", "", "_pgtandem_commands() {", "\tcase $1 in"]
    for mode in api.modes:
        out.append(f"\t{mode['name']})")
        out.append("\t\tcommands=(")
        out += [f"\t\t\t'--{c['name'].split('.')[1]}[{zsh_text(c['help'])}]'"
                for c in api.mode_commands(mode)]
        out.append("\t\t) ;;")
    out += ["\tesac", "}", "", "_pgtandem_options() {", "\tcase $1 in"]
    for cmd in api.commands:
        mode, name = cmd["name"].split(".")
        out += [f"\t{mode}--{name})", "\t\toptions=("]
        out += ["\t\t\t" + zsh_option(o) for o, _ in api.uses(cmd)]
        out.append("\t\t) ;;")
    out += ["\tesac", "}"]
    return out


def fill(template, table):
    out = []
    with open(template, encoding="utf-8") as f:
        for line in f.read().splitlines():
            out += table if line == "@TABLE@" else [line]
    return out


def main():
    api = Api(sys.argv[1])
    if api.problems:
        sys.exit("\n".join(f"{sys.argv[1]}: {p}" for p in api.problems))
    kinds = {"header": gen_header, "source": gen_source, "man": gen_man, "bash": gen_bash,
             "zsh": gen_zsh}
    lines = kinds[sys.argv[2]](api)
    if len(sys.argv) > 3:
        lines = fill(sys.argv[3], lines)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
