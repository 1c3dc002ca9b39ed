"""What people see."""

import tomllib

import data
from lab import HERE, contains, equal, lacks

CASES = {
    "cluster-list": ["cluster", "--list"],
    "cluster-list-long": ["cluster", "--list", "--long"],
    "cluster-list-long-name": ["cluster", "--list", "--long", "PG_REPLICA"],
    "cluster-list-long-batch": ["cluster", "--list", "--long", "--batch"],
    "cluster-list-long-colour": ["cluster", "--list", "--long", "--color=always"],
    "cluster-list-format": ["cluster", "--list",
                            r"--cluster-format=%I|%-12N|%S|%T|%V|%O|%G|%P|%C|%L|%a|%3h|%M|%%|%x\n"],
    "cluster-stat": ["cluster", "--stat", "--cluster-id=22"],
    "cluster-check-hosts": ["cluster", "--check-hosts", "--nodes=10.0.1.1;10.0.1.2"],
    "node-list": ["node", "--list"],
    "node-list-long": ["node", "--list", "--long"],
    "node-list-properties": ["node", "--list", "--long", "--properties=role=slave;clusterid=22"],
    "node-list-format": ["node", "--list",
                         r"--node-format=%N|%A|%P|%R|%r|%S|%T|%V|%C|%D|%d|%g|%h|%I|%L|%M|%o|%p|%s"
                         r"|%b|%a|%U|%z\n"],
    "replication-list": ["replication", "--list"],
    "replication-list-slave": ["replication", "--list", "--slave=10.0.2.1:5432"],
    "replication-list-format": ["replication", "--list",
                                r"--link-format=%c %C %h:%p <- %H:%P %s %d %o %O %m\n"],
    "job-list": ["job", "--list"],
    "job-list-long": ["job", "--list", "--long"],
    "job-list-one": ["job", "--list", "--job-id=2"],
    "job-kill": ["job", "--kill", "--job-id=2"],
    "job-delete": ["job", "--delete", "--job-id=2"],
    "job-create": ["job", "--success"],
    "job-create-batch": ["job", "--success", "--batch"],
    "user-list": ["user", "--list"],
    "user-list-long": ["user", "--list", "--long"],
    "user-whoami": ["user", "--whoami"],
    "user-create": ["user", "--create", "--new-password=x", "jane"],
    "print-json": ["user", "--whoami", "--print-json"],
}


def test_lists_and_sheets(lab):
    for name, args in CASES.items():
        result = lab.run(*args)
        equal(result.code, 2 if name == "cluster-check-hosts" else 0, f"{name}: exit code")
        lab.golden(name, result.out)


def test_help_tells_every_command_and_option(lab):
    with open(f"{HERE}/../../api/options.toml", "rb") as f:
        api = tomllib.load(f)
    general = lab.run("--help").out
    for command in api["command"]:
        mode, name = command["name"].split(".")
        contains(general, f"  {mode} ", "modes")
        contains(lab.run(mode, "--help").out, f"  --{name} ", f"commands of {mode}")
        result = lab.run(mode, f"--{name}", "--help")
        contains(" ".join(result.out.split()), command["help"], command["name"])
        for option in api["option"]:
            text = general if "*" in option["use"] else result.out
            if command["name"] in option["use"] or "*" in option["use"]:
                contains(text, f"--{option['name']}", command["name"])
        assert all(len(line) <= 100 for line in result.out.splitlines()), command["name"]
    equal(lab.run("--version").out.split()[0], "pgtandem", "version")


def test_node_sheet(lab):
    result = lab.run("node", "--stat", "10.0.1.1")
    lab.golden("node-stat", result.out)


def test_messages_of_a_job(lab):
    lab.controller.answers["getJobLog"] = data.log("FAILED", data.MESSAGES)
    for name, args in {
            "job-log": [], "job-log-long": ["--long"], "job-log-colour": ["--color=always"],
            "job-log-format": [r"--log-format=%C|%T|%S|%B|%F|%L|%I|%J|%i|%M\n"],
            "job-log-template": [r"--log-format=${message_id} #{message_status} %M\n"]}.items():
        result = lab.run("job", "--log", "--job-id=46", *args)
        equal(result.code, 0, name)
        lab.golden(name, result.out)


def test_texts_of_the_controller_cannot_command_the_terminal(lab):
    lab.controller.answers["getJobLog"] = data.log("FINISHED", data.MESSAGES)
    out = lab.run("job", "--log", "--job-id=46").out
    for bad in ("\x1b", "\x07", "\u009b"):
        lacks(out, bad, "control characters")
    contains(out, "caf\u00e9", "other characters stay")


def test_log_follows_to_the_end(lab):
    lab.controller.answers["getJobLog"] = [
        data.log("RUNNING", data.MESSAGES[:1]), data.log("RUNNING", []),
        data.log("FINISHED", data.MESSAGES[1:3])]
    result = lab.run("job", "--success", "--log")
    equal(result.code, 0, "exit code")
    lab.golden("job-follow", result.out)
    offsets = [r.get("offset") for _, r, _ in lab.controller.requests
               if r["operation"] == "getJobLog"]
    equal(offsets, [None, 1, 1], "offsets")


def test_wait_prints_the_end_only(lab):
    lab.controller.answers["getJobInstance"] = [
        {"request_status": "Ok", "job": data.job(46, "RUNNING")},
        {"request_status": "Ok", "job": data.job(46, "FINISHED")}]
    lab.golden("job-wait", lab.run("job", "--success", "--wait").out)


def test_progress_is_drawn_on_a_terminal(lab):
    lab.run("cluster", "--ping")  # meets the controller
    lab.controller.answers["getJobLog"] = [data.log("RUNNING", data.MESSAGES[:1]),
                                           data.log("FINISHED", data.MESSAGES[1:2])]
    result = lab.run_tty("job", "--success", "--log", NO_COLOR="1")
    equal(result.code, 0, "exit code")
    lab.golden("job-follow-terminal", result.out.replace("\x1b[K", "<K>").replace("\r", "<R>"))


def test_long_comments_are_cut_to_the_terminal(lab):
    lab.run("cluster", "--ping")  # meets the controller
    result = lab.run_tty("node", "--list", "--long", columns="70", NO_COLOR="1")
    lab.golden("node-list-long-terminal", result.out)
    assert all(len(line) <= 70 for line in result.out.splitlines()), "wider than 70 columns"


def test_debug_messages_are_asked_for_and_shown(lab):
    lab.controller.answers["getJobLog"] = dict(
        data.log("FINISHED", [data.message(5, "inner", "JOB_DEBUG")]), debug_messages=["hello"])
    result = lab.run("job", "--log", "--job-id=46", "--debug")
    equal(lab.sent()[1]["log_level"], "DEBUG", "log_level")
    contains(result.out, "DEBUG: inner", "message")
    contains(result.err, "DEBUG: hello", "debug message of the reply")


def test_json_of_a_followed_job_has_no_other_text(lab):
    result = lab.run("job", "--success", "--log", "--print-json")
    lacks(result.out, "registered", "text")
    equal(result.out.count('"request_status": "Ok"'), 2, "documents")
