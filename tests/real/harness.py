"""Runs weir against a real Kafka and verifies its output with nothing of weir's code: kcat and
plain Python. WEIR names the binary; cluster.py says which Kafka."""

import collections
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from cluster import LONG, OTHER_PORTS, ROOT, check, own, shared

WEIR = os.environ.get("WEIR", str(ROOT / "build/debug/weir"))
KEPT = "n % 10 <> 3"  # the job's filter, and what verify() expects of it


def is_kept(number):
    return number % 10 != 3


class Run:
    """One process of weir, with the log of it alone."""

    def __init__(self, command, log, stdout=None):
        self.log = log
        with open(log, "wb") as err, open(stdout or log, "ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=err if stdout else out)

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        return self.log.read_text()

    def row(self):
        """The row of epochs.md, section 4, that its last recovery ended in."""
        rows = re.findall(r"recovery: row (\w+)", self.text())
        return rows[-1] if rows else None

    def wait_for(self, words, seconds=60):
        until = time.monotonic() + seconds
        while words not in self.text():
            check(self.process.poll() is None, f"weir ended with {self.process.poll()}, not saying '{words}'; log {self.log}")
            check(time.monotonic() < until, f"no '{words}' after {seconds} s; log {self.log}")
            time.sleep(0.02)

    def still_runs(self):
        check(self.process.poll() is None, f"weir ended by itself with {self.process.poll()}; log {self.log}")

    def wait_for_handlers(self):
        """Until a signal no longer ends it at once."""
        mask = 1 << (signal.SIGTERM - 1)
        until = time.monotonic() + 20
        while not int(re.search(r"SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{self.pid}/status").read_text())[1], 16) & mask:
            self.still_runs()
            check(time.monotonic() < until, "SIGTERM is not caught")
            time.sleep(0.01)

    def kill(self):
        """As the machine's end would."""
        self.still_runs()
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=60):
        """As systemd stops a service."""
        self.process.send_signal(signal.SIGTERM)
        self.expect(0, seconds=seconds)

    def expect(self, code, *words, seconds=120):
        """Waits for its end, with that exit code and these words in the log."""
        try:
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            check(False, f"weir did not end within {seconds} s; log {self.log}")
        check(got == code and all(word in self.text() for word in words),
              f"exit {got}; {code} and {words} were expected; log {self.log}: ...{self.text()[-600:]}")


class Story:
    """A job with its topics, input and state directory, all with names of their own."""

    all = []  # that this process has begun

    cluster = None  # that stories run on which name none

    def __init__(self, name, cluster=None, brokers=None, partitions=4, start="earliest", source="", extra="",
                 every="200ms", security=None, topic_config=None):
        self.cluster = cluster or Story.cluster or shared()
        self.name = f"{name}-{os.getpid()}-{random.randrange(10**6)}"
        self.partitions = partitions
        self.input, self.output, self.epochs = f"in.{self.name}", f"out.{self.name}", f"epochs.{self.name}"
        self.group, self.cell_group = f"weir.{self.name}", f"weir.{self.name}.0"
        for topic, config in ((self.input, topic_config), (self.output, None)):
            self.cluster.admin.create_topic(topic, partitions, self.cluster.replication, config)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"weir-{name}-"))
        self.state = self.dir / "state"
        self.sent = collections.defaultdict(list)
        self.next = 0
        self.runs = []
        Story.all.append(self)
        self.config, self.job = self.dir / "weir.yaml", self.dir / "job.yaml"
        # An epoch topic of its own, so that a story may delete it.
        self.config.write_text(f"""clusters:
  main:
    brokers: [{(brokers or self.cluster.brokers).replace(",", ", ")}]
    epoch_topic: {self.epochs}
    {f"security: {security}" if security else ""}
""")
        self.job.write_text(f"""version: 1
job: {self.name}
sources:
  numbers:
    kafka: {{ cluster: main, topics: [{self.input}], start: {start}{source} }}
    format: json
    schema: "n bigint NOT NULL, k text NOT NULL"
steps:
  - id: keep
    filter: {KEPT}
  - id: shape
    select: n, k, n * 2 AS twice
sinks:
  out: {{ kafka: {{ cluster: main, topic: {self.output}, key: k }}, format: json }}
delivery: {{ commit: {{ every: {every} }} }}
{extra}
""")

    # Input.

    def records(self, count, keys=17):
        """The next `count` records as (key, value); a key's numbers rise. They are expected to come out."""
        for _ in range(count):
            key = f"k{self.next % keys}"
            self.sent[key].append(self.next)
            yield key, f'{{"n":{self.next},"k":"{key}"}}'
            self.next += 1

    def produce(self, count, keyed=True, keys=17, options=()):
        lines = [f"{key}|{value}" if keyed else value for key, value in self.records(count, keys)]
        split = ("-K", "|") if keyed else ()
        subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.input, "-P", "-E", *split, "-X", "acks=all",
                        "-X", "enable.idempotence=true", "-X", "reconnect.backoff.max.ms=300",
                        "-X", "topic.partitioner=murmur2_random", *options],
                       input="\n".join(lines).encode() + b"\n", check=True, stderr=subprocess.DEVNULL)

    def produce_raw(self, value, partition=0):
        """A record that is not expected to come out."""
        subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.input, "-P", "-p", str(partition)],
                       input=value.encode() + b"\n", check=True, stderr=subprocess.DEVNULL)

    def input_records(self):
        """(partition, offset) -> n, of everything that is in the input now."""
        out = subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.input, "-C", "-e", "-q", "-o", "beginning",
                              "-f", "%p %o %s\\n"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        records = {}
        for line in out.splitlines():
            partition, offset, value = line.split(" ", 2)
            records[int(partition), int(offset)] = json.loads(value)["n"]
        return records

    @contextlib.contextmanager
    def load(self, batch=100, seed=0):
        """Records keep coming meanwhile, some hundred a second, in batches of 1 to twice `batch`."""
        ending, dice = threading.Event(), random.Random(seed)

        def go_on():
            while not ending.wait(dice.uniform(0, 0.1)):
                self.produce(dice.randrange(1, 2 * batch))

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()

    # Runs.

    def start(self, *arguments, state=None, stdout=None):
        """`stdout`: a file for it; otherwise it goes to the log."""
        command = [WEIR, "run", str(self.job), "--config", str(self.config), "--state-dir", str(state or self.state)]
        self.runs.append(Run([*command, *arguments], self.dir / f"run-{len(self.runs)}.log", stdout))
        return self.runs[-1]

    def started(self, records=500):
        """A run that has committed `records`."""
        self.produce(records)
        run = self.start()
        self.verify()
        return run

    # Output.

    def rows(self):
        """What a read_committed consumer sees now, in order per partition."""
        out = subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.output, "-C", "-e", "-q", "-o", "beginning",
                              "-X", "isolation.level=read_committed", "-f", "%k|%s\\n"],
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        return [line.split("|", 1) for line in out.splitlines()]

    def wait_for_rows(self, seconds=90):
        """Until as many rows are visible as are expected."""
        expected = sum(is_kept(n) for numbers in self.sent.values() for n in numbers)
        until = time.monotonic() + seconds
        while time.monotonic() < until and len(self.rows()) < expected:
            time.sleep(0.1)

    def verify(self, wait=True, ordered=True):
        """Nothing lost, nothing twice, nothing foreign, order kept per key."""
        if wait:
            self.wait_for_rows()
        seen = collections.defaultdict(list)
        for key, value in self.rows():
            row = json.loads(value)
            check(row["k"] == key and row["twice"] == row["n"] * 2, f"a wrong row: {key} {value}")
            seen[key].append(row["n"])
        for key, numbers in self.sent.items():
            expected = [n for n in numbers if is_kept(n)]
            got = seen.pop(key, [])
            extra = collections.Counter(got) - collections.Counter(expected)
            lost = collections.Counter(expected) - collections.Counter(got)
            check(not extra and not lost,
                  f"key {key}: lost {list(lost)[:5]}, twice or foreign {list(extra)[:5]}; logs in {self.dir}")
            check(got == expected or not ordered, f"key {key} is out of order; logs in {self.dir}")
        check(not seen, f"foreign keys {list(seen)}; logs in {self.dir}")

    def verify_up_to_mirror(self):
        """For a job that halted: exactly the input below the group's offsets has come out, so whoever goes on
        from them (`weir offsets adopt`) loses and doubles nothing."""
        offsets = self.mirror()
        out = subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.input, "-C", "-e", "-q", "-o", "beginning",
                              "-X", "isolation.level=read_committed", "-f", "%p|%o|%s\\n"],
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        expected = []
        for line in out.splitlines():
            partition, offset, value = line.split("|", 2)
            number = json.loads(value)["n"]
            if is_kept(number) and int(offset) < offsets.get(int(partition), 0):
                expected.append(number)
        got = sorted(json.loads(value)["n"] for _, value in self.rows())
        check(got == sorted(expected), f"{len(got)} rows are out, the group's offsets say {len(expected)}; logs in {self.dir}")

    def mirror(self):
        """The user's group: {partition: offset}."""
        found = self.cluster.admin.offsets(self.group, self.input, range(self.partitions))
        return {partition: offset for partition, (offset, _) in found.items()}

    def cell(self):
        """(epoch, metadata) of the lane's cell; None when there is none."""
        return self.cluster.admin.offsets(self.cell_group, self.epochs, [0]).get(0)

    def end(self):
        for run in self.runs:
            if run.process.poll() is None:
                run.process.kill()
                run.process.wait()


def clean_up():
    """After stories that ended well: the others keep their logs."""
    for story in Story.all:
        story.end()
        shutil.rmtree(story.dir)
    Story.all.clear()


class OnlyLong(Exception):
    """Raised by a story that only the long form tells."""


class NothingTold(Exception):
    """Raised by a story that cannot be told here, and has said why."""


NOTHING_TOLD = 77  # ctest then counts the test as skipped, not as passed


def tell(stories):
    """Tells the stories named on the command line, all without a name. One that ended well leaves no files behind."""
    by_name = {story.__name__: story for story in stories}
    told = 0
    for name in sys.argv[1:] or by_name:
        began = time.monotonic()
        try:
            by_name[name]()
        except OnlyLong:
            print(f"{name}: only in the long form", flush=True)
            continue
        except NothingTold:
            continue
        finally:
            for story in Story.all:
                story.end()
        told += 1
        clean_up()
        print(f"{name}: as expected, in {time.monotonic() - began:.1f} s", flush=True)
    if told == 0:
        sys.exit(NOTHING_TOLD)
