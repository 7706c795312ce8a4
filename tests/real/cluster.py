"""The Kafka that a story runs on: the shared one that scripts/test has started, or one of its own.
WEIR_TEST_BROKERS and WEIR_TEST_KAFKA_DIR name the shared one, WEIR_TEST_PORT its first port."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

from kafka_admin import KafkaAdmin

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = os.environ.get("WEIR_TEST_LONG", "") == "1"
# Two clusters of their own may stand beside the shared one, this far behind its first port.
OWN_PORTS, OTHER_PORTS = 50, 66


def check(condition, message):
    if not condition:
        sys.exit("FAILED: " + message)


class Cluster:
    def __init__(self, brokers, folder, replication=1):
        self.brokers, self.replication = brokers, replication
        self.folder = os.path.relpath(folder, ROOT)
        self.admin = KafkaAdmin(brokers)

    @property
    def size(self):
        return len(self.brokers.split(","))

    @property
    def port(self):
        return int(self.brokers.split(",")[0].rsplit(":", 1)[1])

    @property
    def ca(self):
        return ROOT / self.folder / "certificates/ca.pem"

    def script(self, *words):
        done = subprocess.run([str(ROOT / "scripts/kafka"), *words, "--dir", self.folder], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        check(done.returncode == 0, f"scripts/kafka {' '.join(words)}: {done.stdout}")
        return done.stdout

    def kill(self, broker=1):
        self.script("kill", str(broker))

    def restart(self, broker=1):
        self.script("restart", str(broker))

    @contextlib.contextmanager
    def frozen(self, broker=1):
        """The broker's process stands still meanwhile: its connections are open and silent."""
        self.script("freeze", str(broker))
        try:
            yield
        finally:
            self.script("thaw", str(broker))

    def wait_in_sync(self, seconds=90):
        """Until every partition has a leader and all its replicas."""
        until = time.monotonic() + seconds
        while True:
            states = [state for partitions in self.admin.topics().values() for state in partitions.values()]
            if all(leader >= 0 and replicas == in_sync for leader, replicas, in_sync in states):
                return
            check(time.monotonic() < until, f"replicas are not in sync after {seconds} s")
            time.sleep(0.2)


def shared():
    brokers = os.environ.get("WEIR_TEST_BROKERS") or sys.exit(
        "WEIR_TEST_BROKERS is not set; run scripts/test --only real")
    return Cluster(brokers, os.environ.get("WEIR_TEST_KAFKA_DIR", ROOT / "build/test-kafka"))


@contextlib.contextmanager
def own(name, *options, brokers=1, ports=OWN_PORTS):
    """A cluster of the story's own, gone at the end."""
    port = int(os.environ.get("WEIR_TEST_PORT", "19192")) + ports
    folder = ROOT / f"build/kafka-{name}-{port}"
    cluster = Cluster(",".join(f"127.0.0.1:{port + i}" for i in range(brokers)), folder, replication=brokers)
    if folder.exists():  # of a run that was killed
        cluster.script("stop")
        shutil.rmtree(folder)
    try:
        cluster.script("start", "--port", str(port), "--brokers", str(brokers), *options)
        yield cluster
    finally:
        cluster.script("stop")
        shutil.rmtree(folder)
