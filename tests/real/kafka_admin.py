"""What people do to a cluster with kafka-topics and kafka-consumer-groups, in milliseconds instead
of the seconds that each start of a Java tool takes: a few requests of Kafka's wire protocol, in old
versions that brokers from 3.9 on still speak. Knows nothing of weir."""

import socket
import struct
import time

OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, METADATA, LIST_OFFSETS = 8, 9, 10, 3, 2
CREATE_TOPICS, DELETE_TOPICS, DELETE_RECORDS, CREATE_PARTITIONS = 19, 20, 21, 37
DELETE_GROUPS, OFFSET_DELETE, ALTER_CONFIGS = 42, 47, 44
UNKNOWN_TOPIC, COORDINATOR_LOADING, COORDINATOR_GONE, NOT_COORDINATOR = 3, 14, 15, 16
TIMEOUT_MS = 30_000


class KafkaAdminError(Exception):
    pass


def int8(value):
    return struct.pack(">b", value)


def int32(value):
    return struct.pack(">i", value)


def int64(value):
    return struct.pack(">q", value)


def text(value):
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value.encode())) + value.encode()


def array(items):
    return int32(len(items)) + b"".join(items)


class Reader:
    """Takes an answer apart from front to back."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, kind):
        (value,) = struct.unpack_from(">" + kind, self.data, self.at)
        self.at += struct.calcsize(">" + kind)
        return value

    def text(self):
        size = self.take("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def array(self, element):
        return [element(self) for _ in range(self.take("i"))]


def ask(address, api, version, body):
    """One request on a connection of its own; a Reader of the answer."""
    host, port = address.rsplit(":", 1)
    header = struct.pack(">hhi", api, version, 1) + text("weir-tests")
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_MS / 1000) as connection:
        connection.sendall(int32(len(header) + len(body)) + header + body)
        stream = connection.makefile("rb")
        size = stream.read(4)
        if len(size) < 4:
            raise KafkaAdminError(f"{address} closed the connection at request {api}")
        return Reader(stream.read(struct.unpack(">i", size)[0])[4:])


def expect(answer, what, *accepted):
    if answer not in (0, *accepted):
        raise KafkaAdminError(f"{what}: Kafka's error {answer}")


class KafkaAdmin:
    """Asks the first of `brokers` that answers, and for groups their coordinator."""

    def __init__(self, brokers):
        self.brokers = brokers.split(",")

    def any(self, api, version, body):
        failure = None
        for broker in self.brokers:
            try:
                return ask(broker, api, version, body)
            except (OSError, KafkaAdminError) as error:
                failure = error
        raise KafkaAdminError(f"no broker answers: {failure}")

    def topics(self):
        """{topic: {partition: (leader, number of replicas, number in sync)}}"""
        answer = self.any(METADATA, 1, int32(-1))
        answer.array(lambda r: (r.take("i"), r.text(), r.take("i"), r.text()))
        answer.take("i")

        def partition(r):
            r.take("h")
            number, leader = r.take("i"), r.take("i")
            return number, (leader, len(r.array(lambda s: s.take("i"))), len(r.array(lambda s: s.take("i"))))

        def topic(r):
            r.take("h")
            name = r.text()
            r.take("b")
            return name, dict(r.array(partition))

        return dict(answer.array(topic))

    def create_topic(self, topic, partitions=4, replication=1, config=None):
        settings = [text(name) + text(str(value)) for name, value in (config or {}).items()]
        one = text(topic) + int32(partitions) + struct.pack(">h", replication) + array([]) + array(settings)
        answer = self.any(CREATE_TOPICS, 2, array([one]) + int32(TIMEOUT_MS) + int8(0))
        answer.take("i")
        [(name, error, reason)] = answer.array(lambda r: (r.text(), r.take("h"), r.text()))
        expect(error, f"creating topic {name} ({reason})")
        self.wait_for(lambda: len(self.topics().get(topic, {})) == partitions, f"topic {topic} does not appear")

    def change_topic(self, topic, config):
        """Sets these settings of the topic."""
        settings = [text(name) + int8(0) + text(str(value)) for name, value in config.items()]
        answer = self.any(ALTER_CONFIGS, 0, array([int8(2) + text(topic) + array(settings)]) + int8(0))
        answer.take("i")
        [(error, reason)] = answer.array(lambda r: (r.take("h"), r.text(), r.take("b"), r.text())[:2])
        expect(error, f"changing topic {topic} ({reason})")

    def delete_topic(self, topic):
        answer = self.any(DELETE_TOPICS, 1, array([text(topic)]) + int32(TIMEOUT_MS))
        answer.take("i")
        [(_, error)] = answer.array(lambda r: (r.text(), r.take("h")))
        expect(error, f"deleting topic {topic}", UNKNOWN_TOPIC)
        self.wait_for(lambda: topic not in self.topics(), f"topic {topic} does not vanish")

    def add_partitions(self, topic, total):
        one = text(topic) + int32(total) + int32(-1)
        answer = self.any(CREATE_PARTITIONS, 0, array([one]) + int32(TIMEOUT_MS) + int8(0))
        answer.take("i")
        [(_, error, reason)] = answer.array(lambda r: (r.text(), r.take("h"), r.text()))
        expect(error, f"adding partitions to {topic} ({reason})")
        self.wait_for(lambda: len(self.topics()[topic]) == total, f"{topic} does not get its partitions")

    def delete_records(self, topic, partition, before):
        """Only with one broker: it must be the partition's leader."""
        one = text(topic) + array([int32(partition) + int64(before)])
        answer = self.any(DELETE_RECORDS, 0, array([one]) + int32(TIMEOUT_MS))
        answer.take("i")
        [(_, [(_, _, error)])] = answer.array(
            lambda r: (r.text(), r.array(lambda s: (s.take("i"), s.take("q"), s.take("h")))))
        expect(error, f"deleting records of {topic}/{partition}")

    def coordinator(self, group):
        for _ in range(100):
            answer = self.any(FIND_COORDINATOR, 0, text(group))
            error, _, host, port = answer.take("h"), answer.take("i"), answer.text(), answer.take("i")
            if error == 0:
                return f"{host}:{port}"
            expect(error, f"finding the coordinator of {group}", COORDINATOR_LOADING, COORDINATOR_GONE)
            time.sleep(0.1)
        raise KafkaAdminError(f"group {group} has no coordinator")

    def delete_group(self, group):
        answer = ask(self.coordinator(group), DELETE_GROUPS, 0, array([text(group)]))
        answer.take("i")
        [(_, error)] = answer.array(lambda r: (r.text(), r.take("h")))
        expect(error, f"deleting group {group}")

    def delete_offsets(self, group, topic, partitions):
        places = array([text(topic) + array([int32(p) for p in partitions])])
        answer = ask(self.coordinator(group), OFFSET_DELETE, 0, text(group) + places)
        expect(answer.take("h"), f"deleting offsets of group {group}")

    def commit_offsets(self, group, topic, offsets, metadata=""):
        """A plain commit, as any consumer of that group makes it. `offsets` by partition."""
        each = [int32(p) + int64(offset) + text(metadata) for p, offset in offsets.items()]
        body = text(group) + int32(-1) + text("") + int64(-1) + array([text(topic) + array(each)])
        answer = ask(self.coordinator(group), OFFSET_COMMIT, 2, body)
        [(_, errors)] = answer.array(lambda r: (r.text(), r.array(lambda s: (s.take("i"), s.take("h")))))
        for partition, error in errors:
            expect(error, f"committing {topic}/{partition} for group {group}")

    def offsets(self, group, topic, partitions):
        """{partition: (offset, metadata)}; partitions without an offset are left out."""
        body = text(group) + array([text(topic) + array([int32(p) for p in partitions])])
        answer = ask(self.coordinator(group), OFFSET_FETCH, 1, body)
        [(_, found)] = answer.array(
            lambda r: (r.text(), r.array(lambda s: (s.take("i"), s.take("q"), s.text(), s.take("h")))))
        return {p: (offset, metadata) for p, offset, metadata, error in found if error == 0 and offset >= 0}

    @staticmethod
    def wait_for(condition, otherwise, seconds=30):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise KafkaAdminError(otherwise)
            time.sleep(0.05)
