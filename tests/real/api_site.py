"""A daemon whose API is asked, byte by byte."""

import os
import socket

from daemon_stories import Site, UnixConnection, until


class ApiSite(Site):
    """A daemon that also listens at an address."""

    def __init__(self, api="listen: 127.0.0.1:PORT"):
        super().__init__()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.config.write_text(self.config.read_text().replace("listen: off", api.replace("PORT", str(self.port))))

    def start(self, *words):
        super().start(*words)
        until("it listens at its address, too", lambda: f"answers at 127.0.0.1:{self.port}" in self.daemon_log())

    def connect(self, at_address=True, seconds=10):
        if at_address:
            return socket.create_connection(("127.0.0.1", self.port), seconds)
        def connected():
            connection = UnixConnection(str(self.root / "run/weir.sock"), seconds)
            try:
                connection.connect()
            except BlockingIOError:
                connection.sock.close()
                return None  # the queue of the socket is full for the moment
            return connection.sock
        return until("the socket takes a connection", connected)

    def raw(self, data, at_address=True, closes=False):
        """The bytes that come for `data`, up to the end of the connection."""
        with self.connect(at_address) as client:
            send_quietly(client, data)
            if closes:
                client.shutdown(socket.SHUT_WR)
            return read_all(client)

    def ask(self, method, path, at_address=True, **headers):
        """Status, headers by their names in lower case, body."""
        headers = {"Host": f"127.0.0.1:{self.port}"} | {name.replace("_", "-"): text for name, text in headers.items()}
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items() if text is not None)
        return parse(self.raw(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode(), at_address))


def ask_process(path, method, target):
    """What a job's process answers at its own socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(f"{method} {target} HTTP/1.1\r\nHost: weir\r\n\r\n".encode())
        return parse(read_all(client))


def send_quietly(client, data):
    """Whoever was turned away meanwhile has an answer to read."""
    try:
        client.sendall(data)
    except OSError:
        pass


def read_all(client):
    answer = b""
    try:
        while piece := client.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass
    return answer


def parse(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body.decode()


def status(answer):
    return parse(answer)[0] if answer else 0


def sockets_of(pid):
    found = 0
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found += os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:")
        except OSError:
            pass
    return found
