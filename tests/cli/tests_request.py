"""What goes over the wire."""

import json
import os
import subprocess
import time

import data
from lab import HERE, contains, equal, lacks, same_json


def first_request(lab):
    """The first one that is not part of the login."""
    for path, request, _ in lab.controller.requests:
        if not request["operation"].startswith("authenticate"):
            return path, {k: v for k, v in request.items()
                          if k not in ("request_id", "request_created", "class_name")}
    return None, None


def test_sends_what_the_public_client_sends(lab):
    with open(f"{HERE}/requests.json", encoding="utf-8") as f:
        cases = json.load(f)
    assert len(cases) > 100
    for case in cases:
        lab.controller.requests = []
        result = lab.run(*case["args"])
        path, request = first_request(lab)
        want = json.loads(json.dumps(case["request"]).replace("$HOME", lab.home))
        assert path, f"{case['name']}: nothing was sent: {result.err}"
        same_json(request, want, case["name"])
        equal(path, case["path"], case["name"])


def test_flags_of_the_environment_may_be_off(lab):
    lacks(lab.run("cluster", "--list", S9S_DEBUG_PRINT_REQUEST="false").err, "POST", "off")
    contains(lab.run("cluster", "--list", S9S_DEBUG_PRINT_REQUEST="true").err, "POST /v2/clusters/",
             "on")


def test_numbers_its_requests(lab):
    lab.run("cluster", "--list")
    equal([r["request_id"] for _, r, _ in lab.controller.requests], [1, 2], "request_id")
    contains(lab.controller.requests[0][1]["request_created"], "Z", "request_created")


def test_masks_secrets_of_printed_requests(lab):
    result = lab.run("cluster", "--create", "--nodes=a", "--provider-version=16", "--print-request",
                     "--db-admin-passwd=s3cret1", "--os-password=s3cret2",
                     "--os-sudo-password=s3cret3")
    contains(result.err, '"postgre_password": "xxxxxxxxx"', "masked")
    lacks(result.err + result.out, "s3cret", "secrets")
    lacks(result.err, "adminpw", "login password")
    equal(lab.sent()[1]["job"]["job_spec"]["job_data"]["postgre_password"], "s3cret1", "sent")


def test_takes_secrets_from_files_environment_and_stdin(lab):
    create = ["cluster", "--create", "--nodes=a", "--provider-version=16"]
    with open(f"{lab.home}/pw", "w", encoding="utf-8") as f:
        f.write("from 'file' $x\nsecond line\n")

    def password():
        return lab.sent()[1]["job"]["job_spec"]["job_data"]["postgre_password"]

    lab.run(*create, f"--db-admin-passwd-file={lab.home}/pw")
    equal(password(), "from 'file' $x", "file")
    lab.run(*create, PGTANDEM_DB_ADMIN_PASSWD="from \"env\" ü")
    equal(password(), "from \"env\" ü", "environment")
    lab.run(*create, "--db-admin-passwd=-", stdin=b"from stdin \\\nnext\n")
    equal(password(), "from stdin \\", "stdin")
    lab.run(*create, "--db-admin-passwd=typed", PGTANDEM_DB_ADMIN_PASSWD="env")
    equal(password(), "typed", "the command line comes first")


def test_asks_for_empty_secrets_on_a_terminal_without_echo(lab):
    result = lab.run_tty("cluster", "--create", "--nodes=a", "--provider-version=16",
                         "--db-admin-passwd=", type_text="typed in\n")
    equal(result.code, 0, "exit code")
    contains(result.out, "db-admin-passwd: ", "prompt")
    lacks(result.out, "typed in", "echo")
    equal(lab.sent()[1]["job"]["job_spec"]["job_data"]["postgre_password"], "typed in", "sent")


def test_leaves_no_secret_in_argv(lab):
    lab.controller.answers["createJobInstance"] = lambda r: (time.sleep(1.5), data.CREATED)[1]
    process = lab.start("cluster", "--create", "--nodes=a", "--provider-version=16",
                        "--db-admin-passwd=hunter2", "--os-sudo-password", "hunter3",
                        "--password=adminpw")
    deadline = time.time() + 10
    while "createJobInstance" not in lab.operations() and time.time() < deadline:
        time.sleep(0.05)
    with open(f"/proc/{process.pid}/cmdline", "rb") as f:
        cmdline = f.read()
    process.communicate()
    equal(process.returncode, 0, "exit code")
    contains(cmdline, b"--provider-version=16", "the rest is there")
    lacks(cmdline, b"hunter", "argv")
    lacks(cmdline, b"adminpw", "argv")


def test_options_may_stand_anywhere(lab):
    equal(lab.run("--batch", "--create", "cluster", "--nodes", "a", "--provider-version",
                  "16").out, "46\n", "output")
    equal(lab.run("--log", "job", "--job-id", "46").code, 0, "job --log with the option first")
    equal(lab.operations()[-1], "getJobLog", "operation")
    equal(lab.run("jobs", "-l", "--list").code, 0, "alias of a mode, short option")


def test_reads_configuration_files(lab):
    os.makedirs(f"{lab.home}/.s9s")
    with open(f"{lab.home}/.s9s/s9s.conf", "w", encoding="utf-8") as f:
        f.write(f"# old\n[global]\ncmon_user = admin\ncmon_password = 'adminpw'\n"
                f"controller = {lab.url()}\ndefault_cluster_id = 22\n[other]\nx\n")
    env = {"PGTANDEM_CONTROLLER": None, "PGTANDEM_USER": None, "PGTANDEM_PASSWORD": None}
    equal(lab.run("cluster", "--list", **env).code, 0, "public client's file")
    equal(lab.sent()[1]["cluster_id"], 22, "default_cluster_id")
    lab.run("cluster", "--list", CMON_CLUSTER_ID="21", **env)
    equal(lab.sent()[1]["cluster_id"], 21, "the environment goes before the file")
    lab.run("cluster", "--list", "--cluster-name=x", CMON_CLUSTER_ID="21", **env)
    assert "cluster_id" not in lab.sent()[1], "a name on the line goes before an ID elsewhere"
    equal(lab.run("cluster", "--drop", CMON_CLUSTER_ID="21", **env).code, 6, "drop needs its own")
    os.makedirs(f"{lab.home}/.pgtandem", exist_ok=True)
    with open(f"{lab.home}/.pgtandem/pgtandem.conf", "w", encoding="utf-8") as f:
        f.write("[global]\ncmon_user=other\n")
    result = lab.run("cluster", "--list", **dict(env, PGTANDEM_CONTROLLER=lab.url()))
    equal(result.code, 6, "our file replaces theirs as a whole")
    contains(result.err, "No password and no RSA key for user other.", "reason")
    equal(lab.run("cluster", "--list", "--config-file", f"{lab.home}/.s9s/s9s.conf", **env).code, 0,
          "--config-file")
    equal(lab.run("cluster", "--list", S9S_IGNORE_CONFIG="true", **env).code, 6, "ignored")


def test_completions_know_the_options(lab):
    script = os.environ.get("PGTANDEM_BASH_COMPLETION")
    assert script and os.path.exists(script), "PGTANDEM_BASH_COMPLETION is not set"

    def complete(*words):
        line = "source " + script + "; COMP_WORDS=(" + " ".join(f"'{w}'" for w in words) + \
            f"); COMP_CWORD={len(words) - 1}; _pgtandem; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        return subprocess.run(["bash", "-c", line], capture_output=True, text=True,
                              check=True).stdout.split()

    equal(complete("pgtandem", "cl"), ["cluster"], "mode")
    contains(complete("pgtandem", "cluster", "--cr"), "--create", "command")
    contains(complete("pgtandem", "cluster", "--create", "--remote"), "--remote-cluster-id=",
             "option")
    equal(complete("pgtandem", "cluster", "--create", "--repository", "=", "p"), ["pgdg"], "value")
