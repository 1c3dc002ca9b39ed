#!/usr/bin/python3
"""fake_engine.py RUNNER STATE.json COMMAND JOB_DATA.json [--kill-at CALL:N] - run one job.

Stands in for the engine: speaks its frames to a real pgtandem-job, keeps clusters in STATE, prints
the log.  For working on planners and host scripts without the daemon.
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time


class Store:
    def __init__(self, path):
        self.path = path
        self.data = {"clusters": {}, "next": 1, "job": 0}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                self.data = json.load(f)

    def save(self):
        with open(self.path, "w", encoding="utf-8") as f:
            json.dump(self.data, f, indent=1)


def without_secrets(j):
    if isinstance(j, dict):
        return {k: without_secrets(v) for k, v in j.items() if k not in ("password", "sudo_password", "rpc_token")}
    return [without_secrets(x) for x in j] if isinstance(j, list) else j


class Engine:
    def __init__(self, store, ca_dir):
        self.store, self.ca_dir = store, ca_dir
        self.plan = None
        self.phase = "new"
        self.finished = None
        self.reserved = 0
        self.calls = {}
        self.start = time.monotonic()

    def openssl(self, *args, **kw):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.ca_dir, **kw)

    def ca(self):
        if not os.path.exists(self.ca_dir + "/ca.crt"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                         "ca.key", "-out", "ca.crt", "-days", "3650", "-subj", "/CN=test authority")
        with open(self.ca_dir + "/ca.crt", encoding="ascii") as f:
            return f.read()

    def do_log(self, a):
        print("%6.2f %-8s %s" % (time.monotonic() - self.start, a["level"], a["text"]), flush=True)

    def do_progress(self, a):
        pass

    def do_cluster_list(self, _):
        return {"clusters": [without_secrets(c) for c in self.store.data["clusters"].values()]}

    def do_cluster_get(self, a):
        c = self.store.data["clusters"].get(str(a["cluster_id"]))
        if not c:
            raise LookupError("cluster was not found")
        return {"cluster": c}

    def do_cluster_reserve(self, a):
        if not self.reserved:  # a job that asks again gets what it has
            self.reserved = self.store.data["next"]
            self.store.data["next"] += 1
        return {"cluster_id": self.reserved}

    def do_cluster_save(self, a):
        c = a["cluster"]
        for i, n in enumerate(c["nodes"]):
            n["node_id"] = n.get("node_id") or c["cluster_id"] * 100 + i
        self.store.data["clusters"][str(c["cluster_id"])] = c
        return {}

    def do_cluster_remove(self, a):
        self.store.data["clusters"].pop(str(a["cluster_id"]), None)
        return {}

    def do_ca_get(self, _):
        return {"ca": self.ca()}

    def do_cert_issue(self, a):
        ca = self.ca()
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "s.key", "-out", "s.csr", "-subj",
                     "/CN=" + a["names"][0])
        self.openssl("x509", "-req", "-in", "s.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                     "s.crt", "-days", "365")
        read = lambda n: open(os.path.join(self.ca_dir, n), encoding="ascii").read()
        return {"cert": read("s.crt"), "key": read("s.key"), "ca": ca}

    def do_plan_store(self, a):
        self.plan = a
        return {}

    def do_phase_set(self, a):
        self.phase = a["phase"]
        return {}

    def do_step_begin(self, a):
        self.plan["steps"][a["seq"]]["state"] = a["state"]
        return {}

    do_step_end = do_step_begin

    def do_finish(self, a):
        self.finished = a
        return {}

    def handle(self, frame):
        name = frame["call"]
        self.calls[name] = self.calls.get(name, 0) + 1
        try:
            result = getattr(self, "do_" + name.replace(".", "_"))(frame.get("args") or {})
        except LookupError as e:
            return {"id": frame.get("id"), "status": "ERR_NOT_FOUND", "error": str(e)}
        return {"id": frame.get("id"), "status": "ERR_OK", "result": result or {}}


def send(sock, obj):
    data = json.dumps(obj).encode()
    sock.sendall(struct.pack(">I", len(data)) + data)


def receive(sock):
    head = b""
    while len(head) < 4:
        part = sock.recv(4 - len(head))
        if not part:
            return None
        head += part
    need = struct.unpack(">I", head)[0]
    body = b""
    while len(body) < need:
        part = sock.recv(need - len(body))
        if not part:
            return None
        body += part
    return json.loads(body)


# calls after which a fault may strike: each is durable before it is answered
COUNTED = ("cluster.reserve", "plan.store", "phase.set", "step.begin", "step.end", "cluster.save", "finish")


def struck(engine, fault):
    """True when the runner dies here; a cancel is only a signal."""
    return fault and sum(engine.calls.get(c, 0) for c in COUNTED) >= fault.n


def attempt(runner, engine, job, start, kill_at):
    """One runner from its start to its end.  KILL_AT: (call, n), or (fault, ...) of the scenarios."""
    fault = kill_at[0] if kill_at and not isinstance(kill_at[0], str) else None
    ours, theirs = socket.socketpair()
    child = subprocess.Popen(["sh", "-c", f'exec "$0" 3<&{theirs.fileno()}', runner],
                             pass_fds=[theirs.fileno()], start_new_session=True)
    theirs.close()
    send(ours, {"call": "start", "args": start})
    while not engine.finished:
        frame = receive(ours)
        if frame is None:
            break
        answer = engine.handle(frame)
        if struck(engine, fault) and fault.kind == "cancel":
            os.kill(child.pid, signal.SIGTERM)
            fault = None
        elif struck(engine, fault) or kill_at and not fault and engine.calls.get(kill_at[0]) == kill_at[1]:
            os.killpg(child.pid, signal.SIGKILL)
            break
        if frame.get("id"):
            send(ours, answer)
    ours.close()
    return child.wait()


def main():
    runner, state, command, data = sys.argv[1:5]
    kill_at = None
    if len(sys.argv) > 6 and sys.argv[5] == "--kill-at":
        call, n = sys.argv[6].rsplit(":", 1)
        kill_at = (call, int(n))
    store = Store(state)
    store.data["job"] += 1
    job = store.data["job"]
    store.save()
    with open(data, encoding="utf-8") as f:
        job_data = json.load(f)
    ca_dir = state + ".ca"
    os.makedirs(ca_dir, exist_ok=True)
    engine = Engine(store, ca_dir)
    with tempfile.TemporaryDirectory(prefix="pgt") as run_dir:
        for n in range(1, 4):
            start = {"job_id": job, "command": command, "job_data": job_data,
                     "cluster_id": job_data.get("clusterid", 0), "attempt": n, "cancel": False,
                     "phase": engine.phase, "plan": engine.plan,
                     "controller": {"version": "test", "id": "0123abcd-test"}, "run_dir": run_dir}
            status = attempt(runner, engine, job, start, kill_at)
            kill_at = None
            if engine.finished:
                break
            print(f"runner ended with {status}, next attempt", flush=True)
    store.save()
    print(json.dumps(engine.finished))
    return 0 if engine.finished and engine.finished["status"] == "FINISHED" else 1


if __name__ == "__main__":
    sys.exit(main())
