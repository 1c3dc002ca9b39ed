"""Real hosts and a real controller for the end-to-end tests."""
import json
import os
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build/release"))
LAB = os.path.join(ROOT, "lab", "lab")
LAB_NAME = os.environ.get("E2E_LAB", "e2e")  # two people may run the tests at once
ADMIN_PASSWORD = "it's $x \\ \"q\" é"


# Host keys that this machine's root knows from an earlier lab are not those of this one.
NO_SSH_OF_OURS = '[ ! -d ~/.ssh ] || mount -t tmpfs -o mode=700 none ~/.ssh; exec "$@"'


class Failure(Exception):
    """A test has failed; the text says why."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def until(what, seconds, function, *args):
    """Call FUNCTION until it is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = function(*args)
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s (last: {value!r})")
        time.sleep(0.25)


class Lab:
    """The hosts of one lab, see lab/README.md."""

    def __init__(self, name):
        self.env = dict(os.environ, LAB=name)
        self.images = {}

    def run(self, *args, check_it=True, timeout=600):
        p = subprocess.run([LAB, *args], env=self.env, capture_output=True, text=True, timeout=timeout,
                           stdin=subprocess.DEVNULL)
        if check_it and p.returncode != 0:
            raise Failure(f"lab {' '.join(args)}: {p.stdout[-400:]}{p.stderr[-800:]}")
        return p.stdout

    def add(self, host, image, disk="4G"):
        self.run("add", host, "--image", image, "--disk", disk)

    def rm(self, *hosts):
        for h in hosts:
            self.run("rm", h, check_it=False)

    def ssh(self, host, command, check_it=True, timeout=120):
        return self.run("ssh", host, command, check_it=check_it, timeout=timeout)

    def sql(self, host, statement, db="postgres", check_it=True):
        quoted = statement.replace("'", "'\\''")
        return self.ssh(host, f"cd /; sudo -u postgres psql -XAtq -d {db} -c '{quoted}'", check_it).strip()

    def ip(self, host):
        for line in self.run("status").splitlines():
            if line.split()[:1] == [host]:
                return line.split()[1]
        raise Failure(f"no host {host}")

    def vars(self):
        return dict(line.split("=", 1) for line in self.run("env").splitlines())

    def fingerprint(self, host):
        # a server may be ready before systemd calls its unit active
        until(f"units of {host}", 20, lambda: not self.ssh(
            host, "systemctl list-units --plain --no-legend --state=activating 'postgresql*'", check_it=False).strip())
        p = subprocess.run([os.path.join(ROOT, "lab", "fingerprint"), host], env=self.env, capture_output=True,
                           text=True, timeout=180, check=True)
        return p.stdout


class Controller:
    """pgtandemd in the lab's network, and its client."""

    def __init__(self, lab, folder, failpoints=None):
        self.lab, self.folder = lab, folder
        self.data, self.run_dir, self.home = folder + "/data", folder + "/run", folder + "/home"
        os.makedirs(self.home, exist_ok=True)
        os.chmod(folder, 0o755)
        self.process = None
        self.key = lab.vars()["LAB_KEY"]
        self.start(failpoints)
        out = self.cli("user", "--create", "--generate-key", "--group=admins",
                       f"--control-socket={self.run_dir}/control.sock", "tester")
        check(out.returncode == 0, "first user: " + out.stderr)

    def start(self, failpoints=None):
        env = dict(self.lab.env)
        if failpoints:
            env["PGTANDEM_FAILPOINTS"] = failpoints
        with open(self.folder + "/controller.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [LAB, "exec", "unshare", "--mount", "sh", "-c", NO_SSH_OF_OURS, "sh", BUILD + "/src/daemon/pgtandemd",
                 "--data-dir=" + self.data, "--run-dir=" + self.run_dir, "--libexec-dir=" + BUILD + "/src/runner"],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        until("the controller listens", 20, lambda: os.path.exists(self.run_dir + "/control.sock"))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def pids(self, word):
        """Processes of this controller with WORD in their command line."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read().replace(b"\0", b" ").decode(errors="replace")
                with open(f"/proc/{pid}/environ", "rb") as f:
                    environ = f.read()
            except OSError:
                continue
            if word in line and f"LAB={self.lab.env['LAB']}".encode() in environ.split(b"\0") and "lab exec" not in line:
                found.append(int(pid))
        return found

    def kill9(self, word):
        pids = self.pids(word)
        check(pids, f"no process {word} to kill")
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # a child went with its parent

    def cli(self, *args, timeout=900):
        env = dict(self.lab.env, HOME=self.home)
        return subprocess.run([LAB, "exec", BUILD + "/src/cli/pgtandem", *args], env=env, capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL)

    def create(self, name, nodes, *more, version="15", password=ADMIN_PASSWORD, user="root", log="--log", timeout=900):
        return self.cli("cluster", "--create", "--cluster-name=" + name, "--cluster-type=postgresql",
                        "--provider-version=" + version, "--nodes=" + nodes, "--os-user=" + user,
                        "--os-key-file=" + self.key, "--db-admin=dba", "--db-admin-passwd=" + password,
                        "--vendor=postgres", log, *more, timeout=timeout)

    def must_create(self, name, nodes, *more, **kw):
        out = self.create(name, nodes, *more, **kw)
        check(out.returncode == 0, f"create {name}: exit {out.returncode}\n{out.stdout[-3000:]}{out.stderr[-500:]}")
        return out.stdout

    def drop(self, cluster_id, action="remove"):
        out = self.cli("cluster", "--drop", f"--cluster-id={cluster_id}", "--server-action=" + action, "--log")
        check(out.returncode == 0, f"drop {cluster_id}: {out.stdout[-1500:]}{out.stderr[-500:]}")

    def clusters(self):
        out = self.cli("cluster", "--list", "--print-json")
        return json.loads(out.stdout).get("clusters", [])

    def cluster_id(self, name):
        for c in self.clusters():
            if c["cluster_name"] == name:
                return c["cluster_id"]
        raise Failure(f"no cluster {name}")

    def log_text(self):
        with open(self.folder + "/controller.log", encoding="utf-8") as f:
            return f.read()
