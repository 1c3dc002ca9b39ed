"""Where the software comes from: a signed repository in the layout of the PostgreSQL project's, or none at all."""
import atexit
import glob
import gzip
import hashlib
import os
import shutil
import subprocess

from world import LAB, check, until

ADDRESS, PORT = "10.77.0.10", 8815
DIST = "bookworm-pgdg"
RAISED, BROKEN = "15.99-1.pgdg12+1", "15.98-1.pgdg12+1"
LIST = "/etc/apt/sources.list.d/pgtandem-pgdg.list"
KEY = "/etc/apt/keyrings/pgtandem-pgdg.asc"


def hosts(lab):
    lab.add("dc1-a", "bookworm", "3G")


def command(*args, **kw):
    p = subprocess.run(args, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False, **kw)
    check(p.returncode == 0, f"{' '.join(args[:4])}: {p.stdout[-300:]}{p.stderr[-500:]}")
    return p.stdout


def gpg(home, *args):
    return command("gpg", "--homedir", home, "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", "", *args)


def make_key(folder, name):
    """A throw-away key pair; the file with its public half."""
    home, public = f"{folder}/gpg-{name}", f"{folder}/{name}.asc"
    os.mkdir(home, 0o700)
    gpg(home, "--quick-generate-key", f"{name} <{name}@example.invalid>", "ed25519", "sign", "never")
    gpg(home, "--armor", "--output", public, "--export")
    return home, public


def repack(tree, base, version, initdb_fails=False):
    """The server's package with another version: one can see which repository it came from."""
    control = tree + "/DEBIAN/control"
    with open(control, encoding="utf-8") as f:
        lines = [f"Version: {version}\n" if line.startswith("Version:") else line for line in f]
    with open(control, "w", encoding="utf-8") as f:
        f.writelines(lines)
    if initdb_fails:
        with open(tree + "/usr/lib/postgresql/15/bin/initdb", "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\necho 'initdb: error: broken on purpose' >&2\nexit 1\n")
    pool = base + "/pool/main/p/postgresql-15"
    os.makedirs(pool)
    command("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, f"{pool}/postgresql-15_{version}_amd64.deb")


def sign(base, home):
    """Packages, Release and InRelease of what is in the pool."""
    where = f"{base}/dists/{DIST}"
    os.makedirs(where + "/main/binary-amd64")
    text = command("dpkg-scanpackages", "--multiversion", "pool", cwd=base).encode()
    release = f"Origin: Test\nSuite: {DIST}\nCodename: {DIST}\nArchitectures: amd64\nComponents: main\n"
    release += "Date: " + command("date", "-Ru").replace("+0000", "UTC") + "SHA256:\n"
    for name, data in (("main/binary-amd64/Packages", text), ("main/binary-amd64/Packages.gz", gzip.compress(text))):
        with open(f"{where}/{name}", "wb") as f:
            f.write(data)
        release += f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n"
    with open(where + "/Release", "w", encoding="utf-8") as f:
        f.write(release)
    gpg(home, "--output", where + "/InRelease", "--clearsign", where + "/Release")


def serve(w, folder):
    log = open(w.folder + "/http.log", "w", encoding="utf-8")
    server = subprocess.Popen([LAB, "exec", "python3", "-m", "http.server", str(PORT), "--bind", ADDRESS, "--directory", folder],
                              env=w.lab.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    atexit.register(server.kill)
    until("the repository answers", 20, lambda: "Serving" in w.lab.ssh(
        "dc1-a", f"exec 3<>/dev/tcp/{ADDRESS}/{PORT} && echo Serving", check_it=False))
    return server


def create(w, name, which, key, *more, **kw):
    return w.controller.create(name, "dc1-a", "--repository=pgdg", f"--repository-url=http://{ADDRESS}:{PORT}/{which}",
                               "--repository-key-file=" + key, *more, **kw)


def refused_unchanged(w, out, words):
    check(out.returncode == 1, f"exit {out.returncode}: {out.stdout[-1500:]}{out.stderr[-300:]}")
    for word in words:
        check(word in out.stdout, f"{word!r} is missing:\n{out.stdout[-2500:]}")
    lines = sorted(set(w.before.splitlines()) ^ set(w.lab.fingerprint("dc1-a").splitlines()))
    check(not lines, "the host has changed: " + "; ".join(lines[:12]))
    check(not w.controller.clusters(), "a refused create left a cluster")


def test_a_repository_is_made(w):
    folder = w.folder + "/repo"
    os.makedirs(folder + "/deb")
    os.chmod(folder + "/deb", 0o777)
    command("apt-get", "download", "postgresql-15", cwd=folder + "/deb")
    tree = folder + "/tree"
    command("dpkg-deb", "-R", glob.glob(folder + "/deb/postgresql-15_*.deb")[0], tree)
    home, w.key = make_key(w.folder, "right")
    other, w.wrong_key = make_key(w.folder, "wrong")
    for name, version in (("good", RAISED), ("broken", BROKEN)):
        repack(tree, f"{folder}/{name}", version, name == "broken")
        sign(f"{folder}/{name}", home)
    for used in (home, other):
        command("gpgconf", "--homedir", used, "--kill", "all")
    shutil.rmtree(tree)
    w.server = serve(w, folder)
    w.lab.ssh("dc1-a", f"echo 'Acquire::http::Proxy::{ADDRESS} \"DIRECT\";' >/etc/apt/apt.conf.d/91test")
    w.before = w.lab.fingerprint("dc1-a")


def test_no_install_on_a_bare_host_is_refused_in_the_check(w):
    for option in ("--no-install", "--repository=none"):
        out = w.controller.create("pg", "dc1-a", option)
        refused_unchanged(w, out, ["PostgreSQL 15 is not installed."])
        check("Installing" not in out.stdout, out.stdout)


def test_another_key_is_refused(w):
    refused_unchanged(w, create(w, "pg", "good", w.wrong_key), ["is not signed with the given key"])


def test_a_file_that_is_no_key_is_refused_before_anything_changes(w):
    out = create(w, "pg", "good", "/etc/hostname")
    refused_unchanged(w, out, ["/etc/hostname", "public key"])
    check("Adding the repository" not in out.stdout, out.stdout)


def test_a_version_that_it_does_not_have_is_refused(w):
    refused_unchanged(w, create(w, "pg", "good", w.key, version="16"), ["do not have", "postgresql-16"])


def test_a_create_that_fails_later_takes_the_software_away(w):
    out = create(w, "pg", "broken", w.key)
    check("Removing" in out.stdout, f"nothing was removed\n{out.stdout[-2500:]}")
    refused_unchanged(w, out, ["broken on purpose"])


def test_its_packages_are_installed(w):
    out = create(w, "pg", "good", w.key)
    check(out.returncode == 0, f"exit {out.returncode}\n{out.stdout[-2500:]}{out.stderr[-300:]}")
    version = w.lab.ssh("dc1-a", "dpkg-query -W -f '${Version}' postgresql-15").strip()
    check(version == RAISED, f"version {version}")
    line = w.lab.ssh("dc1-a", "cat " + LIST).strip()
    check(line == f"deb [signed-by={KEY}] http://{ADDRESS}:{PORT}/good {DIST} main", line)


def test_after_a_drop_they_stay_and_do_without_an_installation(w):
    w.controller.drop(w.controller.cluster_id("pg"))
    w.server.terminate()
    w.server.wait(20)
    out = w.controller.must_create("pg2", "dc1-a", "--no-install")
    check("Installing software." not in out, out)
    check(w.lab.sql("dc1-a", "show server_version_num") >= "150000", "no server")
