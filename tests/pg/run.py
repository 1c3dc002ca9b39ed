#!/usr/bin/env python3
"""Start a server, then a test program that talks with it:  run.py path/to/program"""

import os
import secrets
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "monitor"))
from servers import Lab, free_port  # noqa: E402


def main():
    port = free_port()
    password, lab = "p' \\ " + secrets.token_hex(8), Lab()
    quoted = password.replace("\\", "\\\\").replace("'", "''")
    silent = socket.socket()
    try:
        # The kernel takes the connection, nobody answers.
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        server = lab.server("main", port)
        server.init(["CREATE ROLE boss SUPERUSER LOGIN PASSWORD E'%s'" % quoted,
                     "CREATE ROLE outcast LOGIN PASSWORD 'x'"])
        server.make_tls()
        server.configure("ssl = on\n")
        server.write("pg_hba.conf", "local all all trust\nhost all outcast 127.0.0.1/32 reject\n"
                     "host all all 127.0.0.1/32 scram-sha-256\n")
        server.stop()
        server.start()
        return subprocess.run([sys.argv[1]], check=False, timeout=120,
                              env={**os.environ, "TEST_PORT": str(port), "TEST_PASSWORD": password,
                                   "TEST_SILENT_PORT": str(silent.getsockname()[1])}).returncode
    finally:
        silent.close()
        lab.close()


if __name__ == "__main__":
    sys.exit(main())
