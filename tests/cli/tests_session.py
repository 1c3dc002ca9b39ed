"""Whom the client talks to, and as whom."""

import json
import os
import stat
import threading
import time

import data
from fake import ControlSocket, Controller, make_certificate
from lab import contains, equal, lacks


def test_trusts_a_certificate_on_first_use(lab):
    first = lab.run("cluster", "--list")
    equal(first.code, 0, "first contact")
    contains(first.err, f"Trusting the controller at localhost:{lab.controller.port} from now on, "
                        "SHA256:", "note")
    second = lab.run("cluster", "--list")
    equal((second.code, second.err), (0, ""), "second contact")
    known = f"{lab.home}/.pgtandem/known_controllers"
    equal(stat.S_IMODE(os.stat(known).st_mode), 0o600, "mode of known_controllers")
    equal(stat.S_IMODE(os.stat(f"{lab.home}/.pgtandem").st_mode), 0o700, "mode of the folder")


def test_refuses_another_certificate_and_sends_nothing(lab):
    lab.run("cluster", "--list")
    other = Controller(*make_certificate(lab.folder, "other"))
    try:
        known = f"{lab.home}/.pgtandem/known_controllers"
        with open(known, encoding="utf-8") as f:
            text = f.read()
        with open(known, "w", encoding="utf-8") as f:
            f.write(text.replace(f":{lab.controller.port} ", f":{other.port} "))
        result = lab.run("cluster", "--list", f"--controller=https://localhost:{other.port}")
        equal(result.code, 5, "exit code")
        contains(result.err, "shows another certificate than before: SHA256:", "reason")
        contains(result.err, "Hint: ", "hint")
        equal(other.requests, [], "requests")
        result = lab.run("cluster", "--list", f"--controller=https://localhost:{other.port}",
                         "--insecure")
        equal(other.requests != [], True, "--insecure goes on")
    finally:
        other.close()


def test_believes_authorities_when_told(lab):
    equal(lab.run("cluster", "--list", f"--ca-file={lab.cert[0]}").code, 0, "the right one")
    equal(os.path.exists(f"{lab.home}/.pgtandem/known_controllers"), False, "nothing remembered")
    wrong, _ = make_certificate(lab.folder, "wrong")
    lab.controller.requests = []
    equal(lab.run("cluster", "--list", f"--ca-file={wrong}").code, 5, "a wrong one")
    equal(lab.operations(), [], "requests")
    equal(lab.run("cluster", "--list", "--ca-file=/nonexistent").code, 5, "none")


def test_says_when_a_certificate_cannot_be_remembered(lab):
    result = lab.run("cluster", "--list", HOME="/proc")
    assert result.code != 0, "exit code"
    contains(result.err, "cannot be remembered", "reason")
    contains(result.err, "Hint: use --ca-file", "hint")
    equal(lab.operations(), [], "requests")


def test_needs_no_home_when_it_has_authorities(lab):
    equal(lab.run("cluster", "--list", f"--ca-file={lab.cert[0]}", HOME="/proc").code, 0,
          "exit code")


def test_sends_no_password_in_clear_over_a_network(lab):
    result = lab.run("cluster", "--list", "--controller=http://192.0.2.1:9500")
    equal(result.code, 5, "exit code")
    contains(result.err, "in clear", "reason")


def test_uses_no_proxy(lab):
    equal(lab.run("cluster", "--list", https_proxy="http://127.0.0.1:1",
                  HTTPS_PROXY="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1").code, 0,
          "exit code")


def test_logs_in_again_when_the_session_has_expired(lab):
    lab.controller.answers["getJobLog"] = [data.log("RUNNING", data.MESSAGES[:1]),
                                           data.log("FINISHED", data.MESSAGES[1:2])]

    def create(request):
        lab.controller.expired = 1
        return data.CREATED

    lab.controller.answers["createJobInstance"] = create
    result = lab.run("job", "--success", "--log")
    equal(result.code, 0, "exit code")
    equal(lab.operations().count("authenticateWithPassword"), 2, "logins")


def test_ping_needs_no_login(lab):
    lab.controller.answers["ping"] = {"request_status": "Ok", "package_version": "0.1.0"}
    result = lab.run("controller", "--ping", PGTANDEM_USER=None)
    equal(json.loads(result.out)["package_version"], "0.1.0", "reply")
    equal(lab.operations(), ["ping"], "operations")
    equal(lab.controller.last()[0], "/v2/controller/", "path")


def test_sends_a_lost_request_again_under_its_number(lab):
    lab.controller.answers["createJobInstance"] = [None, data.CREATED]
    equal(lab.run("job", "--success").code, 0, "exit code")
    sent = [(r["request_id"], r["request_created"]) for _, r, _ in lab.controller.requests
            if r["operation"] == "createJobInstance"]
    equal(len(sent), 2, "requests")
    equal(sent[0], sent[1], "number and time")


def test_log_survives_a_restart_of_the_controller(lab):
    port = lab.controller.port
    lab.controller.answers["getJobLog"] = data.log("RUNNING", data.MESSAGES[:1])
    process = lab.start("job", "--success", "--log")
    deadline = time.time() + 10
    while "getJobLog" not in lab.operations() and time.time() < deadline:
        time.sleep(0.02)
    lab.controller.close()
    time.sleep(4)
    lab.controller = Controller(*lab.cert, port=port)
    lab.controller.answers["getJobLog"] = data.log("FINISHED", data.MESSAGES[1:2])
    out, err = process.communicate(timeout=60)
    equal(process.returncode, 0, f"exit code ({err.decode()})")
    contains(err.decode(), "The controller does not answer; trying again.", "note")
    contains(out.decode(), "Checking SSH & sudo.", "messages after the restart")


BARE = {"PGTANDEM_USER": None, "PGTANDEM_PASSWORD": None}


def test_makes_the_first_user_over_the_control_socket(lab):
    path = f"{lab.home}/control.sock"
    control = ControlSocket(path, {"status": "ERR_OK", "result": {"user_id": 4}})
    try:
        result = lab.run("user", "--create", "--generate-key", "--group=admins",
                         "--new-password=np \"'$", "--email-address=dba@example.com",
                         "--first-name=D", "--last-name=O'Brien", f"--control-socket={path}", "dba",
                         **BARE)
    finally:
        control.close()
    equal((result.code, result.out), (0, ""), f"answer ({result.err})")
    contains(result.err, "Grant user 'dba' succeeded.", "note")
    equal(lab.operations(), [], "requests over the network")
    args = control.call["args"]
    equal(control.call["call"], "user.create", "call")
    with open(f"{lab.home}/.pgtandem/dba.pub", encoding="utf-8") as f:
        pem = f.read()
    contains(pem, "BEGIN RSA PUBLIC KEY", "public key")
    equal(args, {"user": {"user_name": "dba", "first_name": "D", "last_name": "O'Brien",
                          "email_address": "dba@example.com", "groups": ["admins"],
                          "public_keys": [{"name": "No Name", "key": pem}]},
                 "password": "np \"'$", "create_group": False}, "args")
    key = f"{lab.home}/.pgtandem/dba.key"
    equal(stat.S_IMODE(os.stat(key).st_mode), 0o600, "mode of the key")
    with open(f"{lab.home}/.pgtandem/pgtandem.conf", encoding="utf-8") as f:
        equal(f.read(), f"[global]\ncmon_user = dba\ncontroller = {lab.url()}\n", "configuration")
    # and with that key the user logs in
    lab.controller.public_key = f"{lab.home}/.pgtandem/dba.pub"
    result = lab.run("user", "--whoami", PGTANDEM_CONTROLLER=None, **BARE)
    equal((result.code, result.out), (0, "dba\n"), f"login by key ({result.err})")
    equal(lab.operations(), ["authenticate", "authenticateResponse", "whoAmI"], "operations")
    with open(key, "rb") as f:
        before = f.read()
    lab.run("user", "--create", "--generate-key", "dba", PGTANDEM_CONTROLLER=None, **BARE)
    with open(key, "rb") as f:
        equal(f.read(), before, "a key that is there is kept")


def test_a_refusal_of_the_control_socket_is_told(lab):
    path = f"{lab.home}/control.sock"
    control = ControlSocket(path, {"status": "ERR_CONFLICT", "error": "user \"dba\" exists",
                                   "hint": "choose another name"})
    try:
        result = lab.run("user", "--create", "--new-password=x", f"--control-socket={path}", "dba",
                         **BARE)
    finally:
        control.close()
    equal(result.code, 2, "exit code")
    contains(result.err, 'user "dba" exists\nHint: choose another name\n', "reason")
    equal(os.path.exists(f"{lab.home}/.pgtandem/pgtandem.conf"), False, "no configuration")


def test_no_control_socket_gives_5(lab):
    result = lab.run("user", "--create", "--new-password=x", "--control-socket=/nonexistent", "dba",
                     **BARE)
    equal(result.code, 5, "exit code")
    contains(result.err, "is pgtandemd running on this machine?", "hint")


def test_a_user_without_means_to_log_in_is_refused(lab):
    result = lab.run("user", "--create", "--control-socket=/nonexistent", "dba", **BARE)
    equal(result.code, 6, "exit code")
    contains(result.err, "--generate-key, --public-key-file or --new-password", "reason")


def test_makes_further_users_over_the_network(lab):
    result = lab.run("user", "--create", "--group=users", "--create-group", "--generate-key",
                     "--new-password=p", "--title=Mr", "john")
    equal((result.code, result.out), (0, "User created.\n"), "answer")
    request = lab.sent()[1]
    equal(request["create_group"], True, "create_group")
    equal(request["user"]["title"], "Mr", "title")
    contains(request["user"]["public_keys"][0]["key"], "BEGIN RSA PUBLIC KEY", "key")
    lacks(os.listdir(f"{lab.home}/.pgtandem"), "pgtandem.conf", "one's own login stays")


def test_two_clients_meet_the_controller_at_once(lab):
    results = []
    threads = [threading.Thread(target=lambda: results.append(lab.run("cluster", "--list")))
               for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal([r.code for r in results], [0] * 4, "exit codes")
    equal(lab.run("cluster", "--list").code, 0, "afterwards")
