"""A real HTTP server that serves well, fails, cuts off, drips, or sends what no one expects."""

import contextlib
import io
import json
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def zipped(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


class Server(ThreadingHTTPServer):
    """Gives the answers in `answers` one after another, the last one for ever."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = []
        self.requests = []
        self.authorization = None
        self.released = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(OSError):  # whoever asked has hung up
            super().handle()

    def do_HEAD(self):
        self.send_response(404)
        self.end_headers()

    def do_GET(self):
        self.server.requests.append(self.path)
        self.server.authorization = self.headers.get("Authorization")
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/GetDataset"):
            ok(json.dumps({"currentVersionNumber": 3}).encode(), "application/json")(self)
        else:
            self.do_GET()


def answered(body, **headers):
    def answer(handler):
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def ok(body, kind="application/zip", length=None):
    size = len(body) if length is None else length
    return answered(body, Content_Type=kind, Content_Length=str(size))


def status(code):
    return lambda handler: handler.send_error(code)


def silence(handler):
    handler.server.released.wait()


def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.released.wait(0.05):
        handler.wfile.write(b"a")


def hang_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
