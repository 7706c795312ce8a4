#!/usr/bin/env python3
"""Disks that are full, and directories that vanish: the state directory's, a file sink's, a file source's. The job
says what is wrong and what to do; nothing is lost, and everything comes once.

  disk_stories.py [STORY...]"""

import collections
import json
import subprocess
import time

from delivery_stories import Job
from harness import check, is_kept, tell


class TwoSinks(Job):
    """Into Kafka and, as a follower, into the files of out/. `files`: more keys of that sink."""

    def __init__(self, name, files="", errors=""):
        super().__init__(name, f"""out: {{ from: shape, KAFKA, format: json }}
  files: {{ from: shape, file: {{ path: out/ }}, format: json{files} }}""")
        self.dead = f"dead.{self.name}"
        self.cluster.admin.create_topic(self.dead, 1, self.cluster.replication)
        self.job.write_text(self.job.read_text() + errors.replace("DEAD", self.dead))

    def file_numbers(self):
        return [json.loads(line)["n"] for part in self.parts.glob(f"{self.name}-0-*") for line in part.read_text().splitlines()]

    def dead_numbers(self):
        out = subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.dead, "-C", "-e", "-q", "-o", "beginning",
                              "-X", "isolation.level=read_committed"], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        return [json.loads(line)["n"] for line in out.splitlines()]

    def verify_files(self, elsewhere=(), seconds=120):
        """Every row is in the files or `elsewhere`, once."""
        expected = collections.Counter(n for numbers in self.sent.values() for n in numbers if is_kept(n))
        until = time.monotonic() + seconds
        while len(self.file_numbers()) + len(elsewhere) < sum(expected.values()) and time.monotonic() < until:
            time.sleep(0.1)
        got = collections.Counter(self.file_numbers()) + collections.Counter(elsewhere)
        check(got == expected, f"lost {list(expected - got)[:5]}, twice or foreign {list(got - expected)[:5]}; logs in {self.dir}")


def full_outbox():
    """`when_full: { dlq: dead }`: a file sink that cannot be written fills its outbox, then its rows are dead letters,
    and Kafka gets everything meanwhile. When the sink can be written again the outbox is delivered."""
    story = TwoSinks("outbox", ", outbox: 1MiB, when_full: { dlq: dead }", """errors:
  sinks: { dead: { kafka: { cluster: main, topic: DEAD } } }
""")
    story.parts.write_text("a file where the directory should be")
    run = story.start()
    for _ in range(8):
        story.produce(10_000)
        story.verify()
    run.wait_for("is full: until it has room again its rows are dead letters")
    dead = story.dead_numbers()
    check(dead, "no dead letters came")
    story.parts.unlink()
    # Where the bound was passed while an epoch was open, no row is in both places.
    story.verify_files(story.dead_numbers())
    story.produce(100)
    run.wait_for("has room again")
    story.verify()
    story.verify_files(story.dead_numbers())
    run.stop()


tell([full_outbox])
