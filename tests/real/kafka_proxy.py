"""A TCP proxy before one broker that understands Kafka's frames: a test can stop the world at the very
request or answer that it names. The broker is started with `scripts/kafka start --proxied`, so that it
sends its clients here for every connection.

    with Proxy(cluster) as proxy:
        hold = proxy.hold(Api.END_TXN, number=1)      # or hold_answer(), drop(), cut(), park()
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


# Where the error of its first partition, or its own, stands in an answer to librdkafka 2.0's version of the request.
ERROR_AT = {Api.PRODUCE: -30, Api.ADD_PARTITIONS_TO_TXN: -2, Api.ADD_OFFSETS_TO_TXN: 8, Api.END_TXN: 8,
            Api.TXN_OFFSET_COMMIT: -5}


class Rule:
    """What happens to the `number`th frame of a kind since the rule was made, or to all of them (None); `of` is
    a transactional.id, where others are not meant."""

    def __init__(self, api, number, answer, action, of):
        self.api, self.number, self.answer, self.action = api, number, answer, action
        self.of = of.encode()
        self.seen, self.discarded, self.reply = 0, False, None
        self.hit, self.go_on, self.replied = threading.Event(), threading.Event(), threading.Event()

    def wait(self, seconds=60):
        """Until the frame came."""
        if not self.hit.wait(seconds):
            raise TimeoutError(f"no {'answer to' if self.answer else ''} {self.api.name} within {seconds} s")

    def release(self):
        """A frame that is held or parked goes on its way; later ones pass."""
        self.go_on.set()

    def discard(self):
        """A frame that is held never arrives."""
        self.discarded = True
        self.go_on.set()

    def error(self, seconds=30):
        """What the broker has answered to the request that was parked and released: Kafka's error, 0 for none."""
        if not self.replied.wait(seconds):
            raise TimeoutError(f"no answer to the late {self.api.name} within {seconds} s")
        return struct.unpack_from(">h", self.reply, ERROR_AT[self.api] % len(self.reply))[0]

    def applies(self, api, answer, request):
        if api != self.api or answer != self.answer or self.go_on.is_set() or self.of not in request:
            return False
        self.seen += 1
        return self.number in (None, self.seen)


class Connection:
    """One of a client's to the proxy, and the one to the broker behind it."""

    def __init__(self, client, broker, rule_of):
        self.client, self.broker, self.rule_of = client, broker, rule_of
        self.asked = {}  # correlation id -> api and request
        self.parked = None  # correlation id and rule of the request that its client has given up
        for end, pump in ((client, self._requests), (broker, self._answers)):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._run, args=(pump,), daemon=True).start()

    def _run(self, pump):
        try:
            pump()
        except OSError:
            pass
        self.end()

    def end(self):
        for end in (self.client, self.broker):
            close(end)

    def _requests(self):
        while (frame := read_frame(self.client)) is not None:
            api, _, correlation = struct.unpack_from(">hhi", frame)
            self.asked[correlation] = api, frame
            rule = self.rule_of(api, False, frame)
            if rule is not None and rule.action == "park":
                return self._park(rule, correlation, frame)
            if rule is None or self._passes(rule):
                send(self.broker, frame)
            if rule is not None and rule.action == "cut_behind":
                return

    def _answers(self):
        while (frame := read_frame(self.broker)) is not None:
            correlation, = struct.unpack_from(">i", frame)
            api, request = self.asked.pop(correlation, (None, b""))
            if self.parked:
                late, rule = self.parked
                if correlation == late:
                    rule.reply = frame
                    return rule.replied.set()
                continue
            rule = self.rule_of(api, True, request)
            if rule is None or self._passes(rule):
                try:
                    send(self.client, frame)
                except OSError:
                    if not self.parked:
                        raise

    def _park(self, rule, correlation, frame):
        """Its client's connection ends; the broker's stays, and the request waits before it."""
        self.parked = correlation, rule
        close(self.client)
        rule.hit.set()
        rule.go_on.wait()
        if not rule.discarded:
            send(self.broker, frame)
            rule.replied.wait(30)

    @staticmethod
    def _passes(rule):
        rule.hit.set()
        if rule.action == "cut":
            raise OSError("cut by a rule")
        if rule.action == "hold":
            # Its client may be dead by then: that is what a network can do.
            rule.go_on.wait()
            return not rule.discarded
        return rule.action == "cut_behind"


class Proxy:
    def __init__(self, cluster, broker=1):
        self.broker = ("127.0.0.1", cluster.port + 20 + broker)
        self.address = f"127.0.0.1:{cluster.port + 30 + broker}"
        self.rules, self.connections, self.lock = [], [], threading.Lock()
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
            if not rule.go_on.is_set():
                rule.discard()

    def hold(self, api, number=1, of=""):
        """That request stays here until it is released; what follows it on its connection waits."""
        return self._rule(api, number, False, "hold", of)

    def hold_answer(self, api, number=1, of=""):
        """The broker has carried that request out, and its client does not hear of it until it is released."""
        return self._rule(api, number, True, "hold", of)

    def drop(self, api, number=1, of=""):
        """That request vanishes; its connection stays."""
        return self._rule(api, number, False, "drop", of)

    def drop_answer(self, api, number=1, of=""):
        return self._rule(api, number, True, "drop", of)

    def cut(self, api, number=1, of=""):
        """The connection ends instead of that request."""
        return self._rule(api, number, False, "cut", of)

    def cut_behind(self, api, number=1, of=""):
        """The connection ends when that request has been sent on."""
        return self._rule(api, number, False, "cut_behind", of)

    def cut_answer(self, api, number=1, of=""):
        return self._rule(api, number, True, "cut", of)

    def park(self, api, number=1, of=""):
        """Its client's connection ends instead of that request, so that the client sends another one. This one
        reaches the broker when it is released, on the connection it was sent on."""
        return self._rule(api, number, False, "park", of)

    def end_connections(self):
        """All that there are, as a broker ends those that were idle for connections.max.idle.ms."""
        with self.lock:
            for connection in self.connections:
                connection.end()
            self.connections.clear()

    def _rule(self, *arguments):
        with self.lock:
            self.rules.append(Rule(*arguments))
            return self.rules[-1]

    def _rule_of(self, api, answer, request):
        with self.lock:
            return next((rule for rule in self.rules if rule.applies(api, answer, request)), None)

    def _accept(self):
        while not self.ending.is_set():
            try:
                client, _ = self.listener.accept()
                made = Connection(client, socket.create_connection(self.broker), self._rule_of)
                with self.lock:
                    self.connections.append(made)
            except OSError:
                continue


def close(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


def send(end, frame):
    end.sendall(struct.pack(">i", len(frame)) + frame)


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
