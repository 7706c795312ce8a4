"""A TCP proxy before one broker that understands Kafka's frames: a test can stop the world at the very
request or answer that it names. The broker is started with `scripts/kafka start --proxied`, so that it
sends its clients here for every connection.

    with Proxy(cluster) as proxy:
        hold = proxy.hold(Api.END_TXN, number=1)      # or hold_answer(), drop(), cut()
        run = story.start()                           # with proxy.address as its brokers
        hold.wait()                                   # the request is here and not at the broker
        run.kill()

A frame is four bytes of length and the message; a request begins with api key, version and
correlation id, its answer with that id. Answers come in the order of the requests."""

import enum
import socket
import struct
import threading


class Api(enum.IntEnum):
    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_FETCH = 9
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28


class Rule:
    """What happens to the `number`th frame of a kind since the rule was made, or to all of them (None)."""

    def __init__(self, api, number, answer, action):
        self.api, self.number, self.answer, self.action = api, number, answer, action
        self.seen = 0
        self.hit, self.go_on = threading.Event(), threading.Event()

    def wait(self, seconds=60):
        """Until the frame came."""
        if not self.hit.wait(seconds):
            raise TimeoutError(f"no {'answer to' if self.answer else ''} {self.api.name} within {seconds} s")

    def release(self):
        """A frame that is held goes on its way; later ones pass."""
        self.go_on.set()

    def applies(self, api, answer):
        if api != self.api or answer != self.answer or self.go_on.is_set():
            return False
        self.seen += 1
        return self.number in (None, self.seen)


class Proxy:
    def __init__(self, cluster, broker=1):
        self.broker = ("127.0.0.1", cluster.port + 20 + broker)
        self.address = f"127.0.0.1:{cluster.port + 30 + broker}"
        self.rules, self.lock = [], threading.Lock()
        self.ending = threading.Event()

    def __enter__(self):
        host, port = self.address.split(":")
        self.listener = socket.create_server((host, int(port)))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for rule in self.rules:
            rule.release()

    def hold(self, api, number=1):
        """That request stays here until it is released; what follows it on its connection waits."""
        return self._rule(api, number, False, "hold")

    def hold_answer(self, api, number=1):
        """The broker has carried that request out, and its client does not hear of it until it is released."""
        return self._rule(api, number, True, "hold")

    def drop(self, api, number=1):
        """That request vanishes; its connection stays."""
        return self._rule(api, number, False, "drop")

    def drop_answer(self, api, number=1):
        return self._rule(api, number, True, "drop")

    def cut(self, api, number=1):
        """The connection ends instead of that request."""
        return self._rule(api, number, False, "cut")

    def cut_answer(self, api, number=1):
        return self._rule(api, number, True, "cut")

    def _rule(self, *arguments):
        with self.lock:
            self.rules.append(Rule(*arguments))
            return self.rules[-1]

    def _accept(self):
        while not self.ending.is_set():
            try:
                client, _ = self.listener.accept()
                broker = socket.create_connection(self.broker)
                # Before the first pump, which closes both ends when one is gone.
                for end in (client, broker):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                continue
            asked = {}  # correlation id -> api, of one connection
            for source, sink, answer in ((client, broker, False), (broker, client, True)):
                threading.Thread(target=self._pump, args=(source, sink, answer, asked), daemon=True).start()

    def _pump(self, source, sink, answer, asked):
        try:
            while (frame := read_frame(source)) is not None:
                if answer:
                    api = asked.pop(struct.unpack_from(">i", frame)[0], None)
                else:
                    api, _, correlation = struct.unpack_from(">hhi", frame)
                    asked[correlation] = api
                if self._passes(api, answer):
                    sink.sendall(struct.pack(">i", len(frame)) + frame)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def _passes(self, api, answer):
        with self.lock:
            rule = next((rule for rule in self.rules if rule.applies(api, answer)), None)
        if rule is None:
            return True
        rule.hit.set()
        if rule.action == "cut":
            raise OSError("cut by a rule")
        if rule.action == "hold":
            # Its client may be dead by then: that is what a network can do.
            rule.go_on.wait()
            return not self.ending.is_set()
        return False


def read_frame(connection):
    head = read_exactly(connection, 4)
    return None if head is None else read_exactly(connection, struct.unpack(">i", head)[0])


def read_exactly(connection, size):
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)
