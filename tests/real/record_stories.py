#!/usr/bin/env python3
"""Records that are large, and rows that a sink cannot take: `errors: { sink: fail | skip | { dlq: NAME } }`.

  record_stories.py [STORY...]"""

import json
import random
import string
import subprocess
import time

from harness import Story, check, is_kept, tell

LIMIT = 100_000


def noise(size, seed):
    """Text that no compression makes smaller than three quarters."""
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=size))


class Large(Story):
    """Rows carry their record's `big`, a text that may be large. `topic_limit`: the output's max.message.bytes."""

    def __init__(self, name, topic_limit=None, dlq_limit=None, **more):
        super().__init__(name, **more)
        self.dead = f"dead.{self.name}"
        self.cluster.admin.create_topic(self.dead, 1, self.cluster.replication,
                                        {"max.message.bytes": dlq_limit} if dlq_limit else None)
        if topic_limit:
            self.cluster.admin.delete_topic(self.output)
            self.cluster.admin.create_topic(self.output, self.partitions, self.cluster.replication,
                                            {"max.message.bytes": topic_limit})
        self.change("n * 2 AS twice", "n * 2 AS twice, big").change("k text NOT NULL", "k text NOT NULL, big text")

    def change(self, old, new):
        text = self.job.read_text()
        check(old in text, f"{old} is not in the job file")
        self.job.write_text(text.replace(old, new))
        return self

    def sink(self, more):
        return self.change("key: k }", f"key: k, {more} }}")

    def on_error(self, rule):
        if rule == "dlq":
            rule = f"{{ dlq: dead }}\n  sinks: {{ dead: {{ kafka: {{ cluster: main, topic: {self.dead} }} }} }}"
        self.job.write_text(self.job.read_text() + f"\nerrors:\n  sink: {rule}\n")
        return self

    def produce_large(self, big, partition=0):
        """A record whose row is as large."""
        self.kcat("-p", str(partition), "-X", "message.max.bytes=30000000", input=f'{{"n":1,"k":"big","big":"{big}"}}')

    def kcat(self, *options, input):
        subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.input, "-P", *options], input=input.encode() + b"\n",
                       check=True, stderr=subprocess.DEVNULL)

    def large_rows(self):
        return sorted(len(value) for _, value in self.rows() if '"k":"big"' in value)

    def letters(self):
        """[(headers, bytes of the value; -1 when it is null)]"""
        out = subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.dead, "-C", "-e", "-q", "-o", "beginning",
                              "-X", "isolation.level=read_committed", "-X", "fetch.message.max.bytes=30000000",
                              "-f", "%h|%S\\n"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        letters = []
        for line in out.decode().splitlines():
            headers, size = line.rsplit("|", 1)
            letters.append((headers, int(size)))
        return letters


def over_producer_limit():
    """More than librdkafka sends: HALT poison_record at once, which names the record and shows its beginning; the ways
    out that it names work. With a dead-letter sink the record arrives there as it was, where that takes it."""
    story = Large("producer").sink("properties: { message.max.bytes: 50000 }")
    story.produce(100)
    story.produce_large(noise(60_000, 1))
    story.produce(100)
    run = story.start()
    run.expect(78, "HALT poison_record", f"{story.input}/0@", "message.max.bytes", "errors: { sink: skip }", '\\"k\\":\\"big\\"')
    check(len(run.text()) < 20_000, f"the log shows all of the record; log {run.log}")
    story.on_error("dlq")
    run = story.start()
    story.verify()
    run.stop()
    check("1 dead letters" in run.text(), f"log {run.log}")
    ((headers, size),) = story.letters()
    # The producer's limit is one of both topics' producer.
    check(size == -1 and "is left out" in headers and "weir.step=out" in headers
          and f"weir.source=numbers/{story.input}/0@" in headers, headers)


def over_topic_limit():
    """More than the topic takes, which only the broker knows: one epoch is tried again, without what it refused. A
    compressed row counts as it is on the way. Batches of a backlog never exceed the limit."""
    for compression, taken in (("none", []), ("lz4", [2 * LIMIT + 36])):
        story = Large("topic", topic_limit=LIMIT).sink(f"compression: {compression}").on_error("dlq")
        story.produce(20_000)
        for seed in range(3):
            story.produce_large(noise(2 * LIMIT, seed), partition=seed)
        story.produce_large("x" * 2 * LIMIT)
        story.produce(5_000)
        run = story.start()
        wait_for_small(story)
        run.stop()
        letters = story.letters()
        check(story.large_rows() == taken, f"{story.large_rows()} came out")
        check(len(letters) == 4 - len(taken), f"{len(letters)} dead letters")
        check(all(size > 2 * LIMIT and f"max.message.bytes is {LIMIT}" in headers for headers, size in letters), str(letters))
        check(f"{4 - len(taken)} dead letters" in run.text(), f"log {run.log}")


def wait_for_small(story):
    """The rows of story.produce(), which verify() counts, beside large ones that it does not know."""
    story.wait_for_rows()
    rows = story.rows
    story.rows = lambda: [(key, value.split(',"big"')[0] + "}") for key, value in rows() if key != "big"]
    story.verify()
    story.rows = rows


def over_topic_limit_halts():
    """errors.sink is `fail` unless it says more: HALT poison_record, naming the record; its way out goes on."""
    story = Large("halts", topic_limit=LIMIT)
    story.produce(100)
    story.produce_large(noise(2 * LIMIT, 1), partition=2)
    run = story.start()
    run.expect(78, "HALT poison_record", f"{story.input}/2@", f"max.message.bytes is {LIMIT}")
    check(not story.large_rows(), "a refused row is visible")
    story.on_error("skip")
    run = story.start()
    wait_for_small(story)
    run.stop()
    check("1 skipped" in run.text(), f"the row was not counted; log {run.log}")


def over_topic_limit_at_least_once():
    """The same outside of a transaction."""
    story = Large("plain", topic_limit=LIMIT).on_error("dlq").change(
        "commit:", "guarantee: at_least_once, commit:")
    story.produce(1000)
    for seed in range(3):
        story.produce_large(noise(2 * LIMIT, seed))
    run = story.start()
    run.wait_for("is tried again")
    until = time.monotonic() + 30
    while len(story.letters()) < 3 and time.monotonic() < until:
        time.sleep(0.1)
    run.stop()
    # What was written before the refusal came again: how much of it is nobody's promise.
    check({json.loads(value)["n"] for _, value in story.rows()} == set(filter(is_kept, range(1000))), "rows are missing")
    check(not story.large_rows(), "a refused row is visible")
    check(len(set(story.letters())) == 3, f"dead letters are {story.letters()}")


def dead_letter_over_its_limit():
    """The dead-letter topic takes no such record either: its value is left out, and a header says so."""
    story = Large("dead", topic_limit=LIMIT, dlq_limit=LIMIT).on_error("dlq")
    story.produce(100)
    for seed in range(2):
        story.produce_large(noise(2 * LIMIT, seed))
    run = story.start()
    wait_for_small(story)
    run.stop()
    letters = story.letters()
    check(len(letters) == 2, f"{len(letters)} dead letters")
    for headers, size in letters:
        check(size == -1 and "is left out: a record of" in headers, headers)


def topic_takes_nothing():
    """A max.message.bytes in which not even the end of a transaction has room, which then never ends. A start refuses it,
    for the dead letters' topic too; raised, everything comes. A job that runs while it is lowered says so and ends."""
    story = Large("nothing", dlq_limit=60).on_error("dlq")
    story.produce(500)
    story.start().expect(78, "W3010", f'topic \\"{story.dead}\\" takes at most 60 bytes', "--add-config max.message.bytes=")
    story.cluster.admin.change_topic(story.dead, {"max.message.bytes": 1048588})
    run = story.start()
    story.verify()
    story.cluster.admin.change_topic(story.output, {"max.message.bytes": 60})
    story.produce(500)
    # Kafka has forgotten to end that transaction, which only a restart of its coordinator mends.
    run.expect(78, "W3010", f'topic \\"{story.output}\\" takes at most 60 bytes')


def ten_megabytes():
    """Records of 10 MB, where topics and producer take them: into Kafka and into files, byte by byte, across a kill."""
    most = 12_000_000
    story = Large("ten", topic_limit=most, topic_config={"max.message.bytes": most}).sink(
        f"properties: {{ message.max.bytes: {most} }}")
    story.change("sinks:\n  out: {", "sinks:\n  files: { from: shape, file: { path: out/ }, format: json }\n  out: { from: shape,")
    story.produce(100)
    texts = [noise(10_000_000, seed) for seed in range(4)]
    for seed in (0, 1):
        story.produce_large(texts[seed], partition=seed)
    run = story.start()
    wait_for_small(story)
    run.kill()
    for seed in (2, 3):
        story.produce_large(texts[seed], partition=seed)
    story.produce(100)
    run = story.start()
    wait_for_small(story)
    run.stop()
    expected = sorted(f'{{"n":1,"k":"big","twice":2,"big":"{text}"}}' for text in texts)
    check(sorted(value for key, value in story.rows() if key == "big") == expected, f"Kafka has others; log {run.log}")
    lines = [line for part in (story.dir / "out").iterdir() for line in part.read_text().splitlines()]
    check(sorted(line for line in lines if '"k":"big"' in line) == expected, f"the files have others; log {run.log}")
    check(len(lines) == len(story.rows()), "the files hold other rows than the topic")


tell([over_producer_limit, over_topic_limit, over_topic_limit_halts, over_topic_limit_at_least_once,
      dead_letter_over_its_limit, topic_takes_nothing, ten_megabytes])
