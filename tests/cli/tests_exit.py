"""Exit codes, and the sentences that go with them."""

import os
import signal
import time

import data
from lab import contains, equal, lacks


def test_refusals_have_codes(lab):
    for status, code in {"InvalidRequest": 2, "UnknownError": 2, "TryAgain": 2, "Nonsense": 2,
                         "AccessDenied": 3, "ObjectNotFound": 4, "ClusterNotFound": 4}.items():
        refusal = {"request_status": status, "error_string": "Because of it."}
        for operation, args in {
                "getAllClusterInfo": ["replication", "--list"], "getJobInstances": ["job", "--list"],
                "getUsers": ["user", "--list"], "createJobInstance": ["job", "--success", "--log"],
                "killJobInstance": ["job", "--kill", "--job-id=1"],
                "getJobLog": ["job", "--log", "--job-id=1"],
                "getJobInstance": ["job", "--wait", "--job-id=1"]}.items():
            if status == "TryAgain" and operation == "getJobInstance":
                continue  # waiting tries again
            lab.controller.answers = {operation: refusal}
            result = lab.run(*args)
            equal(result.code, code, f"{status} for {operation}")
            equal(result.err.splitlines()[-1], "Because of it.", f"{status} for {operation}")


def test_all_faults_of_a_request_are_printed(lab):
    lab.controller.answers["createJobInstance"] = {
        "request_status": "InvalidRequest", "error_string": "'nodes' is empty; 'version' is old",
        "field_errors": [{"field": "nodes", "reason": "is empty"},
                         {"field": "version", "reason": "is old"}]}
    result = lab.run("job", "--success", "--batch")
    equal((result.code, result.err), (2, "'nodes' is empty\n'version' is old\n"), "faults")


def test_a_job_that_did_not_finish_gives_1(lab):
    for status, code in {"FINISHED": 0, "FAILED": 1, "ABORTED": 1}.items():
        lab.controller.answers["getJobLog"] = data.log(status, data.MESSAGES[:1])
        lab.controller.answers["getJobInstance"] = {"request_status": "Ok",
                                                    "job": data.job(46, status)}
        for extra in (["--log"], ["--wait"], ["--log", "--print-json"], ["--wait", "--print-json"],
                      ["--log", "--batch"]):
            equal(lab.run("job", "--fail", *extra).code, code, f"{status} {extra}")
        equal(lab.run("job", "--follow", "--job-id=46").code, code, f"{status} --follow")
        equal(lab.run("job", "--wait", "--job-id=46").code, code, f"{status} --wait")


def test_bad_options_give_6_and_send_nothing(lab):
    create = ["cluster", "--create", "--provider-version=16"]
    cases = {
        "no mode": ([], "what to do?"),
        "unknown mode": (["clutser", "--list"], 'no mode "clutser"'),
        "no command": (["cluster", "--batch"], "cluster needs a command"),
        "two commands": (["cluster", "--list", "--create"], "more than one command"),
        "unknown option": (["cluster", "--list", "--nonsense"], "unknown option --nonsense"),
        "foreign option": (["cluster", "--list", "--slave=x"], "--slave is no option of cluster"),
        "foreign name": (["job", "--list", "word"], 'takes no names, but there is "word"'),
        "no value": (["job", "--log", "--job-id"], "--job-id needs a value"),
        "given twice": (["job", "--log", "--job-id=1", "--job-id=2"], "given twice"),
        "value of a flag": (["cluster", "--list", "--long=1"], "--long takes no value"),
        "number": (["job", "--log", "--job-id=abc"], "--job-id: "),
        "number out of bounds": (["job", "--log", "--job-id=0"], "--job-id: "),
        "no nodes": (create, "Missing node list while creating PostgreSQL cluster."),
        "empty nodes": ([*create, "--nodes="], "the node list is empty"),
        "port 0": ([*create, "--nodes=a:0"], 'port "0"'),
        "port 70000": ([*create, "--nodes=a:70000"], 'port "70000"'),
        "name with ../": ([*create, "--nodes=../etc"], "no host name"),
        "name with quote": ([*create, "--nodes=a'b"], "no host name"),
        "name with newline": ([*create, "--nodes=a\nb"], "no host name"),
        "property": ([*create, "--nodes=a?Master"], "no property of a node"),
        "protocol": ([*create, "--nodes=haproxy://a"], 'no "haproxy" nodes'),
        "cluster name": ([*create, "--nodes=a", "--cluster-name=a\nb"], "control characters"),
        "cluster type": ([*create, "--nodes=a", "--cluster-type=postgres"], "not one of"),
        "no version": (["cluster", "--create", "--nodes=a"], "version must be given"),
        "bad version": (["cluster", "--create", "--nodes=a", "--provider-version=11; x"],
                        "no version"),
        "repository": ([*create, "--nodes=a", "--repository=mine"], "distro|pgdg|none"),
        "ssh port": ([*create, "--nodes=a", "--os-port=65536"], "--os-port: "),
        "no master": (["replication", "--stage", "--cluster-id=2", "--slave=a"],
                      "To stage replication slave the master must be specified.\n"
                      "Use the --master or --replication-master option."),
        "no cluster": (["replication", "--stop", "--slave=a"], "cluster must be specified"),
        "two nodes": (["node", "--stop", "--cluster-id=1", "--nodes=a;b"], "--nodes: name one, not 2"),
        "no node": (["node", "--stop", "--cluster-id=1"], "To stop a node the node must be specified."),
        "time": (["job", "--success", "--schedule=tomorrow"], "--schedule: "),
        "drop what": (["cluster", "--drop"], "The cluster to drop must be specified."),
        "server action": (["cluster", "--drop", "--cluster-id=1", "--server-action=burn"],
                          "leave|stop|remove"),
        "controller": (["cluster", "--list", "--controller=ftp://x"], "--controller: "),
        "secret file": ([*create, "--nodes=a", "--db-admin-passwd-file=/nonexistent"],
                        "--db-admin-passwd-file: "),
        "both": ([*create, "--nodes=a", "--db-admin-passwd=a", "--db-admin-passwd-file=b"],
                 "exclude each other"),
        "asking in batch": ([*create, "--nodes=a", "--db-admin-passwd=", "--batch"],
                            "--batch asks nothing"),
        "user name": (["user", "--create", "../x"], "no user name"),
        "no user": (["user", "--create"], "exactly one user name"),
    }
    for name, (args, text) in cases.items():
        lab.controller.requests = []
        result = lab.run(*args)
        equal(result.code, 6, f"{name}: exit code ({result.err})")
        contains(result.err, text, name)
        equal(lab.operations(), [], f"{name}: requests")


def test_all_complaints_come_at_once(lab):
    result = lab.run("cluster", "--create", "--nodes=a:0", "--provider-version=x",
                     "--repository=q", "--os-port=0")
    equal(len(result.err.splitlines()), 5, "complaints and the pointer to the help")


def test_no_credentials_give_6(lab):
    result = lab.run("cluster", "--list", PGTANDEM_USER=None)
    equal(result.code, 6, "exit code")
    contains(result.err, "No user name set.", "reason")
    result = lab.run("cluster", "--list", PGTANDEM_PASSWORD=None)
    equal(result.code, 6, "exit code")
    contains(result.err, "No password and no RSA key for user admin.", "reason")


def test_a_wrong_password_gives_3(lab):
    result = lab.run("cluster", "--list", "--password=wrong")
    equal((result.code, result.err.splitlines()[-1]), (3, "Access denied."), "answer")


def test_no_connection_gives_5(lab):
    result = lab.run("cluster", "--list", "--controller=https://localhost:1")
    equal(result.code, 5, "exit code")
    contains(result.err, "no connection to the controller at localhost:1", "reason")
    contains(result.err, "Hint: ", "hint")


def test_an_unreadable_reply_gives_5(lab):
    for text in ("<html>", "", '{"a": 1', "[" * 200000):
        lab.controller.answers["getJobInstances"] = text
        result = lab.run("job", "--list")
        equal(result.code, 5, f"exit code for {text[:10]!r}")
        contains(result.err, "the reply of the controller is no JSON", "reason")


def test_an_interrupt_gives_128_and_leaves_the_job(lab):
    lab.controller.answers["getJobLog"] = data.log("RUNNING", data.MESSAGES[:1])
    process = lab.start("job", "--success", "--log")
    deadline = time.time() + 10
    while lab.operations().count("getJobLog") < 2 and time.time() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    equal(process.returncode, 128, "exit code")
    contains(err.decode(), "The job goes on; see pgtandem job --follow --job-id=46.", "note")
    lacks(str(lab.operations()), "kill", "operations")


def test_full_output_gives_an_error(lab):
    if not os.path.exists("/dev/full"):
        return
    import subprocess
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([lab.program, "job", "--list"], env=lab.env(), stdout=full,
                              stderr=subprocess.DEVNULL, check=False)
    equal(done.returncode, 2, "exit code")
