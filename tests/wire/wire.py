"""A client that writes and reads bytes: requests look as the public clients send them."""
import base64
import json
import socket
import ssl
import struct
import subprocess

TIMEOUT = 40
CREATED = "2026-11-22T20:02:00.521Z"


def connect(port, tls=True):
    """A connection to the controller; nobody checks its certificate."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    if not tls:
        return raw
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(raw)


def read_all(sock):
    """Everything up to the end of the stream, also when it ends without goodbye."""
    data = b""
    try:
        while chunk := sock.recv(65536):
            data += chunk
    except (ssl.SSLError, ConnectionError):
        pass
    return data


def s9s_request(path, body, cookie=None):
    """The bytes of section 2 of the protocol: HTTP/1.0, identity, pretty body."""
    if not isinstance(body, bytes):
        body = json.dumps(body, indent=4, sort_keys=True, ensure_ascii=False).encode()
    head = [f"POST {path} HTTP/1.0", "Host: localhost:9501", "User-Agent: s9s-tools/1.0",
            "Connection: close", "Accept: application/json", "Transfer-Encoding: identity"]
    if cookie:
        head.append(f"Cookie: {cookie}")
    head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


class Reply:
    """A reply as s9s takes it: everything behind the first empty line is JSON."""

    def __init__(self, data):
        self.data = data
        self.head, self.sep, self.body = data.partition(b"\r\n\r\n")
        lines = self.head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        self.http = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
        self.headers = [line.split(": ", 1) for line in lines[1:] if ": " in line]
        try:
            self.json = json.loads(self.body)
        except ValueError:
            self.json = {}

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return values[0] if values else None

    @property
    def status(self):
        return self.json.get("request_status")

    @property
    def error(self):
        return self.json.get("error_string", "")

    def get(self, path):
        """"user.user_name" -> value."""
        value = self.json
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value


class Client:
    """A process of s9s: its cookie, its request numbers; a connection for each request."""

    def __init__(self, port):
        self.port, self.cookie, self.number = port, None, 0

    def send(self, data):
        with connect(self.port) as sock:
            try:
                sock.sendall(data)
            except (ssl.SSLError, ConnectionError):
                pass
            return Reply(read_all(sock))

    def call(self, path, /, **fields):
        self.number += 1
        body = dict({"request_id": self.number, "request_created": CREATED}, **fields)
        reply = self.send(s9s_request(path, body, self.cookie))
        cookie = reply.header("Set-Cookie")
        if cookie:
            self.cookie = cookie.split(";")[0]
        return reply

    def login(self, user, password):
        return self.call("/v2/auth", operation="authenticateWithPassword", user_name=user,
                         password=password)

    def login_key(self, user, key_file):
        first = self.call("/v2/auth", operation="authenticate", username=user)
        challenge = first.json.get("challenge", "")
        return challenge, self.answer(challenge, key_file)

    def answer(self, challenge, key_file):
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_file],
                                   input=challenge.encode(), capture_output=True, check=True).stdout
        return self.call("/v2/auth", operation="authenticateResponse",
                         signature=base64.b64encode(signature).decode())

    def job(self, command, data=None, /, **fields):
        job = {"class_name": "CmonJobInstance", "title": f"Job {command}",
               "job_spec": {"command": command, "job_data": data or {}}}
        return self.call("/v2/jobs/", operation="createJobInstance", job=job, **fields)


def control_call(path, call, args):
    """One call through the local administrator's socket."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(TIMEOUT)
        sock.connect(path)
        text = json.dumps({"id": 1, "call": call, "args": args}).encode()
        sock.sendall(struct.pack(">I", len(text)) + text)
        data = b""
        while len(data) < 4 or len(data) < 4 + struct.unpack(">I", data[:4])[0]:
            chunk = sock.recv(65536)
            if not chunk:
                raise ConnectionError("the controller closed its control socket")
            data += chunk
    return json.loads(data[4:])
