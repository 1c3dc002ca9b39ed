"""What the controller must do on the wire; each case_ function is one test."""
import json
import pathlib
import re
import subprocess
import time

import wire

PASSWORD = "S3cret \"p\\w'$ü"
WAIT_S = 60
REQUEST_TIMEOUT_S = 30


def admin(daemon):
    client = wire.Client(daemon.port)
    reply = client.login("dba", PASSWORD)
    assert reply.status == "Ok", reply.data
    return client


def expect(reply, status, error=None):
    assert reply.status == status, f"{reply.status} {reply.error!r} instead of {status}"
    assert error is None or error in reply.error, reply.error
    return reply


def check_envelope(reply, request_id):
    assert reply.json["request_id"] == request_id
    assert reply.json["request_created"] == wire.CREATED
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", reply.json["request_processed"])
    assert re.fullmatch(r"[0-9a-f-]{36}", reply.json["controller_id"])


def check_framing(reply):
    """One head, a plain body, the end of the stream behind it."""
    assert reply.sep, "no empty line"
    assert re.search(rb"^Server: cmon/\d+\.\d+\.\d+\r?$", reply.head, re.M), reply.head
    assert reply.header("Transfer-Encoding") is None
    assert reply.header("Connection") == "close"
    assert int(reply.header("Content-Length")) == len(reply.body)
    assert b"\\u" not in reply.body


def check_sample(daemon, sample):
    client = admin(daemon) if sample.get("login", True) else wire.Client(daemon.port)
    reply = client.call(sample["path"], **sample["request"])
    check_framing(reply)
    expect(reply, sample["status"], sample.get("error"))
    check_envelope(reply, client.number)
    code = {"Ok": 200, "InvalidRequest": 400, "ObjectNotFound": 404, "AuthRequired": 401}
    assert reply.http == sample.get("http", code[sample["status"]]), reply.http
    for path, value in sample.get("has", {}).items():
        assert reply.get(path) == value, f"{path}: {reply.get(path)!r}"
    for field in sample.get("faults", []):
        assert field in [f["field"] for f in reply.json["field_errors"]], reply.error
        assert field in reply.error, reply.error


# ---- login ----

def case_password_login_gives_a_cookie(daemon):
    client = wire.Client(daemon.port)
    reply = expect(client.login("dba", PASSWORD), "Ok")
    assert re.fullmatch(r"cmon-sid=[0-9a-f]{64}; Path=/; Secure; HttpOnly",
                        reply.header("Set-Cookie")), reply.header("Set-Cookie")
    assert reply.json["is_superuser"] is True
    me = expect(client.call("/v2/users/", operation="whoAmI"), "Ok")
    assert me.json["request_user_id"] == me.get("user.user_id")
    assert me.json["debug_messages"] == ["RPC V2 authenticated user is 'dba'."]


def case_wrong_password_is_refused_without_a_word(daemon):
    for user in ("viewer", "nobody-of-this-name"):
        begun = time.monotonic()
        reply = expect(wire.Client(daemon.port).login(user, "wrong"), "AccessDenied")
        assert reply.http == 403 and "error_string" not in reply.json
        assert reply.header("Set-Cookie") is None
        assert time.monotonic() - begun > 0.5, "no delay"


def case_cookie_comes_back_in_many_shapes(daemon):
    client = admin(daemon)
    sid = client.cookie
    for cookie in (f"{sid}; Path=/; Max-Age=1800; HttpOnly; Secure", f"other=1; {sid}", f"{sid};"):
        client.cookie = cookie
        expect(client.call("/v2/users", operation="whoAmI"), "Ok")
    client.cookie = sid[:-1] + ("0" if sid[-1] != "0" else "1")
    expect(client.call("/v2/users", operation="whoAmI"), "AuthRequired")


def case_logout_ends_the_session(daemon):
    client = admin(daemon)
    expect(client.call("/v2/auth", operation="logout"), "Ok")
    expect(client.call("/v2/users", operation="whoAmI"), "AuthRequired")


def make_key(daemon, name):
    private = daemon.dir / f"{name}.key"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", private, "2048"], check=True,
                   capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", private, "-RSAPublicKey_out"], check=True,
                            capture_output=True, text=True).stdout
    assert public.startswith("-----BEGIN RSA PUBLIC KEY-----")
    return private, public


def case_key_login(daemon):
    private, public = make_key(daemon, "kara")
    stranger, _ = make_key(daemon, "stranger")
    user = {"class_name": "CmonUser", "user_name": "kara", "groups": [{"group_name": "admins"}],
            "public_keys": [{"key": public, "name": "No Name"}]}
    made = admin(daemon).call("/v2/users/", operation="createUser", create_group=False, user=user)
    expect(made, "Ok")
    assert made.get("user.user_name") == "kara"
    client = wire.Client(daemon.port)
    challenge, reply = client.login_key("kara", private)
    expect(reply, "Ok")
    expect(client.call("/v2/users", operation="whoAmI"), "Ok")
    expect(client.answer(challenge, private), "AccessDenied")
    expect(wire.Client(daemon.port).login_key("kara", stranger)[1], "AccessDenied")
    expect(wire.Client(daemon.port).login_key("nobody-of-this-name", private)[1], "AccessDenied")


def case_users_may_look_but_not_touch(daemon):
    client = wire.Client(daemon.port)
    expect(client.login("viewer", PASSWORD), "Ok")
    expect(client.call("/v2/clusters", operation="getAllClusterInfo"), "Ok")
    expect(client.job("success"), "AccessDenied", "viewer")
    users = expect(client.call("/v2/users", operation="getUsers"), "Ok")
    assert [u["user_name"] for u in users.json["users"]] == ["viewer"]


# ---- HTTP ----

def case_keep_alive_and_100_continue(daemon):
    body = b'{"operation":"ping"}'
    with wire.connect(daemon.port) as sock:
        for _ in range(3):
            sock.sendall(b"POST /v2/info HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                         b"Content-Length: %d\r\n\r\n" % len(body))
            assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(body)
            data = b""
            while b"request_status" not in data or not data.endswith(b"}"):
                data += sock.recv(65536)
            reply = wire.Reply(data)
            assert reply.status == "Ok" and data.startswith(b"HTTP/1.1 200 ")


def case_a_request_in_small_pieces(daemon):
    data = wire.s9s_request("/v2/controller/", {"operation": "ping", "request_id": 1})
    with wire.connect(daemon.port) as sock:
        for i in range(0, len(data), 7):
            sock.sendall(data[i:i + 7])
            time.sleep(0.005)
        reply = wire.Reply(wire.read_all(sock))
    expect(reply, "Ok")
    check_framing(reply)


def case_a_page_for_people(daemon):
    with wire.connect(daemon.port) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        reply = wire.Reply(wire.read_all(sock))
    assert reply.http == 200 and b"pgTandem" in reply.body
    with wire.connect(daemon.port) as sock:
        sock.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert wire.Reply(wire.read_all(sock)).http == 404


def case_raw_text_comes_back_raw(daemon):
    client = admin(daemon)
    title = "café ☃ <b> & \"x\""
    body = {"operation": "createJobInstance", "job": {
        "title": title, "job_spec": {"command": "success", "job_data": {}}}}
    reply = client.send(wire.s9s_request("/v2/jobs/", body, client.cookie))
    expect(reply, "Ok")
    assert "café ☃".encode() in reply.body and b"\\u" not in reply.body
    raw = b'{"operation": "getUsers", "note": "tab\there\x01"}'
    expect(client.send(wire.s9s_request("/v2/users", raw, client.cookie)), "Ok")


# ---- bad input ----

def case_deep_nesting(daemon):
    client = wire.Client(daemon.port)
    for body in (b"[" * 200000, b'{"a":' * 40000):
        reply = client.send(wire.s9s_request("/v2/jobs/", body))
        expect(reply, "InvalidRequest", "nested deeper")


def case_too_large_a_body(daemon):
    body = b'{"operation":"ping","x":"' + b"x" * 2000000 + b'"}'
    reply = wire.Client(daemon.port).send(wire.s9s_request("/v2/controller", body))
    assert reply.http == 413 and reply.status == "InvalidRequest", reply.head
    huge = wire.s9s_request("/v2/controller", b"x" * 30000000)
    wire.Client(daemon.port).send(huge)  # is cut off; what counts is that we live
    expect(wire.Client(daemon.port).call("/v2/controller", operation="ping"), "Ok")


def case_garbage(daemon):
    for body in (b"", b"\x00\xff\xfe", b"{", b"[1]", b"null", b'{"a":1,"a":2}', b'"x"'):
        reply = wire.Client(daemon.port).send(wire.s9s_request("/v2/jobs/", body))
        expect(reply, "InvalidRequest")
    for data in (b"\x16\x03\x01garbage\r\n\r\n", b"\r\n" * 5000, b"POST\r\n\r\n",
                 b"POST / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.0\r\nX: " + b"a" * 100000 + b"\r\n\r\n"):
        wire.Client(daemon.port).send(data)
    with wire.connect(daemon.port, tls=False) as sock:
        sock.sendall(wire.s9s_request("/v2/controller", {"operation": "ping"}))
        wire.read_all(sock)
    expect(wire.Client(daemon.port).call("/v2/controller", operation="ping"), "Ok")


def case_too_many_connections_of_one_address(daemon):
    """Of 80 connections of one address at least 16 are ended at once; then all is as before."""
    socks = [wire.connect(daemon.port, tls=False) for _ in range(80)]
    time.sleep(0.5)
    ended = 0
    for sock in socks:
        sock.setblocking(False)
        try:
            ended += sock.recv(1) == b""
        except BlockingIOError:
            pass
        except ConnectionError:
            ended += 1
        sock.close()
    assert 10 <= ended < 80, ended
    time.sleep(0.5)
    expect(wire.Client(daemon.port).call("/v2/controller", operation="ping"), "Ok")


def case_slow_loris(daemon):
    """A header line a letter at a time is cut off; others are served meanwhile."""
    begun = time.monotonic()
    with wire.connect(daemon.port) as sock:
        try:
            while time.monotonic() - begun < 3 * REQUEST_TIMEOUT_S:
                sock.sendall(b"P")
                time.sleep(1)
        except OSError:
            pass
        expect(wire.Client(daemon.port).call("/v2/controller", operation="ping"), "Ok")
    assert time.monotonic() - begun < 2 * REQUEST_TIMEOUT_S


# ---- jobs ----

def follow(client, job_id):
    """As s9s --log does: messages seen so far, the final job."""
    seen, end = [], time.monotonic() + WAIT_S
    while time.monotonic() < end:
        more = {"offset": len(seen)} if seen else {}
        reply = expect(client.call("/v2/jobs/", operation="getJobLog", ascending=True, limit=2,
                                   job_id=job_id, **more), "Ok")
        seen += reply.json["messages"]
        if reply.get("job.status") in ("FINISHED", "FAILED", "ABORTED"):
            return seen, reply.json["job"]
        time.sleep(0.1)
    raise AssertionError(f"job {job_id} does not end")


def case_job_that_succeeds(daemon):
    client = admin(daemon)
    reply = expect(client.job("success", {"ssh_user": "root", "ssh_keyfile": "/root/.ssh/id_rsa"}),
                   "Ok")
    job = reply.json["job"]
    assert job["status"] in ("DEFINED", "RUNNING", "FINISHED"), job  # it may be quick
    assert job["class_name"] == "CmonJobInstance"
    assert job["user_name"] == "dba" and job["title"] == "Job success"
    messages, ended = follow(client, job["job_id"])
    assert ended["status"] == "FINISHED" and ended["exit_code"] == 0, ended
    ids = [m["message_id"] for m in messages]
    assert ids and ids == sorted(set(ids)), ids
    everything = expect(client.call("/v2/jobs/", operation="getJobLog", ascending=True,
                                    job_id=job["job_id"], limit=-1, offset=-1), "Ok")
    assert [m["message_id"] for m in everything.json["messages"]] == ids


def case_job_that_fails(daemon):
    client = admin(daemon)
    reply = expect(client.job("fail"), "Ok")
    messages, ended = follow(client, reply.get("job.job_id"))
    assert ended["status"] == "FAILED" and ended["exit_code"] != 0, ended
    assert "JOB_FAILED" in [m["message_status"] for m in messages]


def case_a_repeated_request_makes_one_job(daemon):
    client = admin(daemon)
    first = expect(client.job("success"), "Ok")
    client.number -= 1
    again = expect(client.job("success"), "Ok")
    assert first.get("job.job_id") == again.get("job.job_id")
    other = expect(client.job("success"), "Ok")
    assert other.get("job.job_id") != first.get("job.job_id")


def case_jobs_in_pages_until_nothing_comes(daemon):
    client = admin(daemon)
    made = [expect(client.job("success"), "Ok").get("job.job_id") for _ in range(5)]
    seen, offset = [], 0
    while True:
        reply = expect(client.call("/v2/jobs", operation="getJobInstances", limit=2,
                                   offset=offset), "Ok")
        if not reply.json["jobs"]:
            break
        assert len(reply.json["jobs"]) <= 2
        seen += [j["job_id"] for j in reply.json["jobs"]]
        offset += 2
    assert seen == sorted(seen, reverse=True), "not newest first"
    assert set(made) <= set(seen) and len(seen) == reply.json["total"]


def case_a_finished_job_can_be_deleted(daemon):
    client = admin(daemon)
    job_id = expect(client.job("success"), "Ok").get("job.job_id")
    follow(client, job_id)
    expect(client.call("/v2/jobs/", operation="deleteJobInstance", job_id=job_id), "Ok")
    expect(client.call("/v2/jobs/", operation="getJobInstance", job_id=job_id), "ObjectNotFound")


def case_secrets_are_masked(daemon):
    client = admin(daemon)
    secret = "never-to-be-seen-4711"
    reply = expect(client.job("success", {"postgre_password": secret, "nested": {
        "sudo_password": secret, "list": [{"ssh_password": secret}]}}), "Ok")
    assert secret.encode() not in reply.body
    follow(client, reply.get("job.job_id"))
    for operation in ("getJobInstances", "getJobInstance", "getJobLog"):
        shown = client.call("/v2/jobs/", operation=operation, job_id=reply.get("job.job_id"))
        assert secret.encode() not in expect(shown, "Ok").body
    for path in pathlib.Path(daemon.dir).rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    assert PASSWORD.encode() not in daemon.log.read_bytes()


def case_checks_hosts_before_a_job(daemon):
    """A host that refuses SSH is reported; the reply takes no longer than a client waits."""
    client = admin(daemon)
    reply = client.call("/v2/discovery/", operation="checkHosts",
                        nodes=[{"hostname": "127.0.0.1", "port": 5432}],
                        check_if_already_registered=True, check_ssh_sudo=True,
                        ssh_credentials={"class_name": "CmonSshCredentials", "user_name": "root",
                                         "public_key_file": "/nonexistent/key", "port": 1})
    expect(reply, "Ok")
    hosts = reply.json["checked_hosts"]
    assert len(hosts) == 1 and hosts[0]["host"]["hostname"] == "127.0.0.1"
    assert hosts[0]["status"]["error_code"] != "HostIsOk", json.dumps(hosts)


def case_wrong_logins_are_throttled(daemon):
    """Last of the logins of this user: he has to wait afterwards."""
    for _ in range(5):
        expect(wire.Client(daemon.port).login("throttled", "wrong"), "AccessDenied")
    reply = wire.Client(daemon.port).login("throttled", "wrong")
    expect(reply, "AccessDenied", "Too many wrong logins")
    expect(wire.Client(daemon.port).login("dba", PASSWORD), "Ok")


def case_zz_no_process_has_died(daemon):
    """Runs last: whatever the others sent, api and engine are those of the start."""
    assert daemon.is_unhurt()


def case_zzz_the_engine_is_killed_and_comes_back(daemon):
    """Reading and sessions go on; changes are refused with TryAgain until it is there again."""
    client = admin(daemon)
    expect(client.job("success"), "Ok")
    daemon.kill_engine()
    answers, end = [], time.monotonic() + WAIT_S
    while not answers or answers[-1] != "Ok":
        assert time.monotonic() < end, answers
        expect(client.call("/v2/jobs", operation="getJobInstances", limit=1), "Ok")
        answers.append(client.job("success").status)
        time.sleep(0.05)
    assert set(answers) <= {"TryAgain", "Ok"}, answers
