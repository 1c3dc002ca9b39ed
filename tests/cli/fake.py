"""A scripted controller over HTTPS for the tests of the client, and its control socket."""

import base64
import http.server
import json
import socket
import ssl
import struct
import subprocess
import threading

SESSION = "cmon-sid=0123456789abcdef"
ANONYMOUS = {("/v2/controller", "ping"), ("/v2/auth", "authenticate"),
             ("/v2/auth", "authenticateWithPassword"), ("/v2/auth", "authenticateResponse")}
CHALLENGE = "d7201926-f591-42bd-8df6-ad56ef5d49c4"


def make_certificate(folder, name, days=30):
    """A self-signed certificate for localhost; (certificate file, key file)."""
    cert, key = f"{folder}/{name}.crt", f"{folder}/{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days",
                    str(days), "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    return cert, key


class Controller:
    """Answers by operation: a reply, or a list of replies of which the last one stays.
    A reply is an object, a text (sent as it is), None (the connection is dropped), or a function
    of the request that gives one of these."""

    def __init__(self, cert, key, port=0):
        self.requests = []
        self.answers = {}
        self.password = "adminpw"
        self.public_key = None
        self.expired = 0
        controller = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                controller.serve(self, body)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def reset(self):
        self.requests, self.answers, self.expired = [], {}, 0

    def serve(self, handler, body):
        request = json.loads(body)
        path = handler.path.rstrip("/")
        operation = request.get("operation", "")
        self.requests.append((handler.path, request, handler.headers.get("Cookie")))
        login = operation.startswith("authenticate")
        if (path, operation) not in ANONYMOUS and not self.has_session(handler):
            reply = {"request_status": "AuthRequired", "error_string": "Login needed."}
        elif login and operation not in self.answers:
            reply = self.login(operation, request)
        else:
            reply = self.next_answer(operation, request)
        if reply is None:
            handler.close_connection = True
            handler.connection.close()
            return
        self.send(handler, reply, login)

    def has_session(self, handler):
        if self.expired:
            self.expired -= 1
            return False
        return handler.headers.get("Cookie") == SESSION

    def next_answer(self, operation, request):
        reply = self.answers.get(operation, {"request_status": "Ok"})
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        return reply(request) if callable(reply) else reply

    def login(self, operation, request):
        if operation == "authenticate":
            return {"request_status": "Ok", "challenge": CHALLENGE}
        if operation == "authenticateWithPassword":
            good = request["password"] == self.password
        else:
            good = self.verify(base64.b64decode(request["signature"]))
        return {"request_status": "Ok" if good else "AccessDenied"}

    def verify(self, signature):
        """Does the key that was registered say that it signed the challenge?"""
        with open(self.public_key + ".sig", "wb") as f:
            f.write(signature)
        spki = self.public_key + ".spki"
        subprocess.run(["openssl", "rsa", "-RSAPublicKey_in", "-in", self.public_key, "-pubout",
                        "-out", spki], check=True, capture_output=True)
        return subprocess.run(["openssl", "dgst", "-sha256", "-verify", spki, "-signature",
                               self.public_key + ".sig"], input=CHALLENGE.encode(),
                              capture_output=True, check=False).returncode == 0

    @staticmethod
    def send(handler, reply, login):
        data = reply.encode() if isinstance(reply, str) else json.dumps(
            reply, ensure_ascii=False).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json; charset=utf-8")
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("Connection", "close")
        if login:
            handler.send_header("Set-Cookie", f"{SESSION}; Path=/; Secure; HttpOnly")
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = True

    def last(self):
        return self.requests[-1] if self.requests else (None, {}, None)


class ControlSocket:
    """The daemon's local door: one call, one answer."""

    def __init__(self, path, answer):
        self.call = None
        self.answer = answer
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        conn, _ = self.listener.accept()
        with conn:
            size = struct.unpack(">I", conn.recv(4, socket.MSG_WAITALL))[0]
            self.call = json.loads(conn.recv(size, socket.MSG_WAITALL))
            data = json.dumps(dict(self.answer, id=self.call["id"])).encode()
            conn.sendall(struct.pack(">I", len(data)) + data)

    def close(self):
        self.listener.close()
        self.thread.join(5)
