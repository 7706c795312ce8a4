#!/usr/bin/env python3
"""Jobs whose lanes are not light (epochs.md, section 5) are killed with -9 at random moments, and lose their
state directory. Exactly once stays exactly once; where rows may repeat, they are counted and explained.

  delivery_stories.py [STORY...]

WEIR_CRASH_CYCLES: four of them are one kill here."""

import collections
import json
import os
import random
import shutil
import time

from harness import KEPT, Story, check, own, tell

KILLS = max(3, int(os.environ.get("WEIR_CRASH_CYCLES", "20")) // 4)

ROWS_OF_FILE = 10_000
SOURCE_OF_FILES = 'file: { path: "in/*.ndjson" }'


class Job(Story):
    """Between other sources and sinks than Story's own. `sinks`: the lines under `sinks:`."""

    def __init__(self, name, sinks="", source="", delivery="", cluster=None, output_brokers=None):
        super().__init__(name, cluster)
        self.files = self.dir / "in"
        self.files.mkdir()
        self.parts = self.dir / "out"
        kafka = f"kafka: {{ cluster: main, topic: {self.output}, key: k }}"
        if output_brokers:
            kafka = f'kafka: {{ brokers: "{output_brokers}", topic: {self.output}, key: k }}'
        source = source or f"kafka: {{ cluster: main, topics: [{self.input}], start: earliest }}"
        sinks = sinks or f"out: {{ {kafka}, format: json }}"
        self.job.write_text(f"""version: 1
job: {self.name}
sources:
  numbers:
    {source}
    format: json
    schema: "n bigint NOT NULL, k text NOT NULL"
steps:
  - id: keep
    filter: {KEPT}
  - id: shape
    select: n, k, n * 2 AS twice
sinks:
  {sinks.replace("KAFKA", kafka)}
delivery: {{ commit: {{ every: 200ms, records: 1000 }}{delivery} }}
""")

    def add_file(self, count):
        path = self.files / f"{len(list(self.files.iterdir())):05d}.ndjson"
        path.write_text("".join(value + "\n" for _, value in self.records(count)))


class ToFiles(Job):
    """Into a directory: a part per epoch, in the order of their names."""

    def __init__(self, name, delivery):
        super().__init__(name, "out: { file: { path: out/ }, format: json }", delivery=delivery)

    def rows(self):
        parts = sorted(self.parts.glob(f"{self.name}-0-*"), key=lambda part: int(part.name.rsplit("-", 1)[1].split(".")[0]))
        lines = [line for part in parts for line in part.read_text().splitlines()]
        return [(json.loads(line)["k"], line) for line in lines]


def killed_under_load(story, seed):
    """Records come all the while. Returns the run that is there at the end, with everything out."""
    dice = random.Random(seed)
    with story.load(batch=100, seed=seed + 1):
        for _ in range(KILLS):
            run = story.start()
            time.sleep(dice.uniform(0.05, 1.5))
            run.kill()
    run = story.start()
    story.wait_for_rows()
    return run


def exactly_once(story):
    seed = random.randrange(10**9)
    print(f"seed {seed}", flush=True)
    run = killed_under_load(story, seed)
    story.verify()
    run.stop()
    story.verify(wait=False)
    print(f"{KILLS} kills, {story.next} records, {len(story.rows())} rows: each exactly once", flush=True)


def files_by_transaction():
    """File to Kafka: rows and cell in a transaction, the position in a D record before it."""
    story = Job("files", source=SOURCE_OF_FILES)
    seed = random.randrange(10**9)
    print(f"seed {seed}", flush=True)
    dice, kills = random.Random(seed), 0
    while kills < KILLS:
        story.add_file(ROWS_OF_FILE)
        run = story.start()
        run.wait_for("claimed at epoch")
        time.sleep(dice.uniform(0, 0.3))
        if run.process.poll() is None:
            run.kill()
            kills += 1
    story.start().expect(0)
    story.verify(ordered=False)
    # Files are splits, so order is that within each.
    last = {}
    for key, value in story.rows():
        number = json.loads(value)["n"]
        place = key, number // ROWS_OF_FILE
        check(number > last.get(place, -1), f"{key} is out of order at {number}; logs in {story.dir}")
        last[place] = number
    print(f"{kills} kills, {story.next} records: each exactly once", flush=True)


def files_by_kafka():
    """Kafka to files: the cell in the input's cluster decides, the files follow from the outbox."""
    exactly_once(ToFiles("follow", ", offsets: kafka"))


def files_by_checkpoint():
    """Kafka to files: the job's own disk decides."""
    exactly_once(ToFiles("local", ", offsets: checkpoint"))


def kafka_by_two_clusters():
    """From one cluster to another: the output's decides, the input's positions are in D records."""
    with own("delivery") as other:
        story = Job("mirror", output_brokers=other.brokers)
        other.admin.create_topic(story.output, 4, 1)
        here, story.rows = story.cluster, lambda: rows_of(other, story.output)
        exactly_once(story)
        check(sum(here.admin.offsets(story.group, story.input, range(4))[p][0] for p in range(4)) == story.next,
              "the group's offsets in the input's cluster are not at the end")


def rows_of(cluster, topic):
    beside = Story.__new__(Story)
    beside.cluster, beside.output = cluster, topic
    return beside.rows()


def first_ones(rows):
    """([key, value] where it is seen first, how many came again)."""
    seen, first = set(), []
    for key, value in rows:
        if value not in seen:
            seen.add(value)
            first.append((key, value))
    return first, len(rows) - len(first)


def at_least_once():
    """Kafka to Kafka without transactions: nothing lost; what an open epoch had written comes again."""
    story = Job("least", delivery=", guarantee: at_least_once")
    all_rows = story.rows
    story.rows = lambda: first_ones(all_rows())[0]
    seed = random.randrange(10**9)
    print(f"seed {seed}", flush=True)
    run = killed_under_load(story, seed)
    # What is written first keeps its order; the repeats are those of epochs that kills had interrupted.
    story.verify()
    run.stop()
    rows = all_rows()
    _, repeats = first_ones(rows)
    most = collections.Counter(value for _, value in rows).most_common(1)[0][1]
    check(most <= KILLS + 1, f"a row came {most} times, after {KILLS} kills; logs in {story.dir}")
    print(f"{KILLS} kills, {story.next} records, {len(rows)} rows, {repeats} of them repeats", flush=True)
    # Without a kill there is none.
    story.produce(500)
    run = story.start()
    story.verify()
    run.stop()
    check(first_ones(all_rows())[1] == repeats, f"rows came twice without a kill; logs in {story.dir}")


def stdout_beside_kafka():
    """Kafka exactly once; standard output gets every row, in order, those of a killed delivery again."""
    story = Job("beside", "out: { KAFKA, format: json }\n  lines: { stdout: {}, format: json }")
    printed = []
    start = story.start

    def start_with_output():
        printed.append(story.dir / f"stdout-{len(printed)}")
        return start(stdout=printed[-1])

    story.start = start_with_output
    exactly_once(story)
    rows = []
    for file in printed:
        *lines, torn = file.read_text().split("\n")
        rows += [(json.loads(line)["k"], line) for line in lines]
        check(torn == "" or file != printed[-1], f"the last line is torn: {torn}")
    first, repeats = first_ones(rows)
    story.rows = lambda: first
    story.verify(wait=False)
    print(f"standard output: {len(rows)} lines, {repeats} of them repeats", flush=True)


def lost_state(story, *ends, run_one=None):
    """The state directory is gone after a kill. `ends`: for each further start its arguments, exit code and words."""
    if run_one:
        run_one(story)
    else:
        story.produce(2_000)
        run = story.start()
        story.verify()
        run.kill()
        story.produce(100)
    before = len(story.rows())
    shutil.rmtree(story.state)
    for arguments, words in ends:
        run = story.start(*arguments)
        run.expect(78, *words)
        check(len(story.rows()) == before, f"rows came out of a job that halted; log {run.log}")


OTHER_OWNER = ((), ("HALT other_owner", "--takeover"))
STATE_LOST = (("--takeover",), ("recovery: row T4", "HALT state_lost", "reset"))


def lost_state_of_files():
    """Row T4: the positions in files were only in the D records."""
    def run_one(story):
        story.add_file(1_000)
        story.start().expect(0)
        story.verify()
        story.add_file(100)

    lost_state(Job("lostfiles", source=SOURCE_OF_FILES), OTHER_OWNER, STATE_LOST, run_one=run_one)


def lost_state_of_follower():
    """Row T4: what the follower has got was known to its cursor only."""
    lost_state(ToFiles("lostfollow", ", offsets: kafka"), OTHER_OWNER, STATE_LOST)


def lost_state_of_two_clusters():
    """Row T4: the input's positions cannot be in the output's transaction."""
    with own("lost") as other:
        story = Job("losttwo", output_brokers=other.brokers)
        other.admin.create_topic(story.output, 4, 1)
        story.rows = lambda: rows_of(other, story.output)
        lost_state(story, OTHER_OWNER, STATE_LOST)


def lost_state_of_checkpoint():
    """Row T3: nothing but the user's group remembers the job, and its marks say so."""
    lost_state(ToFiles("lostlocal", ", offsets: checkpoint"), ((), ("HALT identity_lost",)))


def lost_state_at_least_once():
    """Row T4, light: cell and mirror are its whole truth, so it goes on after --takeover."""
    story = Job("lostleast", delivery=", guarantee: at_least_once")
    lost_state(story, OTHER_OWNER)
    run = story.start("--takeover")
    story.verify()
    check(run.row() == "T4", f"recovery ended in row {run.row()}; log {run.log}")
    run.stop()


if __name__ == "__main__":
    tell([files_by_transaction, files_by_kafka, files_by_checkpoint, kafka_by_two_clusters, at_least_once,
          stdout_beside_kafka, lost_state_of_files, lost_state_of_follower, lost_state_of_two_clusters,
          lost_state_of_checkpoint, lost_state_at_least_once])
