"""Runs weir against a real Kafka and verifies its output with nothing of weir's code: kcat and
plain Python. WEIR names the binary, WEIR_TEST_BROKERS the broker, WEIR_TEST_KAFKA_DIR the folder
that scripts/kafka was started with."""

import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR", str(ROOT / "build/debug/weir"))
BROKERS = os.environ.get("WEIR_TEST_BROKERS") or sys.exit("WEIR_TEST_BROKERS is not set; run scripts/test --only real")
KAFKA_DIR = os.environ.get("WEIR_TEST_KAFKA_DIR", "build/test-kafka")


def kafka(*arguments):
    subprocess.run([str(ROOT / "scripts/kafka"), *arguments, "--dir", os.path.relpath(KAFKA_DIR, ROOT)],
                   check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def check(condition, message):
    if not condition:
        sys.exit("FAILED: " + message)


class Story:
    """A job with its topics, input and state directory, all with names of their own."""

    def __init__(self, name, partitions=4, job_extra="", start="earliest"):
        self.name = f"{name}-{os.getpid()}-{random.randrange(10**6)}"
        self.partitions = partitions
        self.input, self.output = f"in.{self.name}", f"out.{self.name}"
        kafka("create", self.input, "--partitions", str(partitions))
        kafka("create", self.output, "--partitions", str(partitions))
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="weir-story-"))
        self.state = self.dir / "state"
        self.sent = collections.defaultdict(list)
        self.next = 0
        self.log = open(self.dir / "weir.log", "ab")
        self.job = self.dir / "job.yaml"
        self.job.write_text(f"""version: 1
job: {self.name}
sources:
  numbers:
    kafka: {{ brokers: "{BROKERS}", topics: [{self.input}], start: {start} }}
    format: json
    schema: "n bigint NOT NULL, k text NOT NULL"
steps:
  - id: keep
    filter: n % 10 <> 3
  - id: shape
    select: n, k, n * 2 AS twice
sinks:
  out: {{ kafka: {{ brokers: "{BROKERS}", topic: {self.output}, key: k }}, format: json }}
delivery: {{ commit: {{ every: 200ms }} }}
{job_extra}
""")

    def produce(self, count, keys=17):
        """Appends `count` records; a key's numbers rise."""
        lines = []
        for _ in range(count):
            key = f"k{self.next % keys}"
            self.sent[key].append(self.next)
            lines.append(f'{key}|{{"n":{self.next},"k":"{key}"}}')
            self.next += 1
        subprocess.run(["kcat", "-b", BROKERS, "-t", self.input, "-P", "-K", "|", "-X", "acks=all",
                        "-X", "enable.idempotence=true", "-X", "topic.partitioner=murmur2_random"],
                       input="\n".join(lines).encode() + b"\n", check=True, stderr=subprocess.DEVNULL)

    def start(self, *arguments, state=None):
        return subprocess.Popen([WEIR, "run", str(self.job), "--state-dir", str(state or self.state), *arguments],
                                stdout=self.log, stderr=self.log)

    def run_to_exit(self, *arguments, state=None, timeout=120):
        """Exit code and standard error of a run that ends by itself."""
        done = subprocess.run([WEIR, "run", str(self.job), "--state-dir", str(state or self.state), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        self.log.write(done.stderr)
        return done.returncode, done.stderr.decode()

    def rows(self):
        """What a read_committed consumer sees now, in order per partition."""
        out = subprocess.run(["kcat", "-b", BROKERS, "-t", self.output, "-C", "-e", "-q", "-o", "beginning", "-X",
                              "isolation.level=read_committed", "-f", "%k|%s\\n"],
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        return [line.split("|", 1) for line in out.splitlines()]

    def wait_for_rows(self, seconds=90):
        """Waits until as many rows are visible as are expected; the verdict is verify()'s."""
        expected = sum(n % 10 != 3 for numbers in self.sent.values() for n in numbers)
        until = time.monotonic() + seconds
        while time.monotonic() < until and len(self.rows()) < expected:
            time.sleep(0.2)

    def verify(self):
        """Nothing lost, nothing twice, nothing foreign, order kept per key."""
        seen = collections.defaultdict(list)
        for key, value in self.rows():
            row = json.loads(value)
            check(row["k"] == key and row["twice"] == row["n"] * 2, f"a wrong row: {key} {value}")
            seen[key].append(row["n"])
        for key, numbers in self.sent.items():
            expected = [n for n in numbers if n % 10 != 3]
            got = seen.pop(key, [])
            extra = collections.Counter(got) - collections.Counter(expected)
            lost = collections.Counter(expected) - collections.Counter(got)
            check(not extra and not lost, f"key {key}: lost {list(lost)[:5]}, twice or foreign {list(extra)[:5]}; log {self.log.name}")
            check(got == expected, f"key {key} is out of order; log {self.log.name}")
        check(not seen, f"foreign keys {list(seen)}")

    def stop(self, process, timeout=60):
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout)
        check(code == 0, f"SIGTERM ended with exit code {code}; log {self.log.name}")

    def log_text(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text()
