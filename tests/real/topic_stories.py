#!/usr/bin/env python3
"""Input topics as they come: recreated, grown, empty, wide, compacted, written by other transactions;
and records that no job can use.

  topic_stories.py [STORY...]"""

import contextlib
import json
import signal
import subprocess
import time

from harness import LONG, WEIR, OnlyLong, Story, check, tell

ENDS = "trigger: available_now"


def recreated_while_stopped():
    """Deleted and made again with as many records: HALT source_rewritten, before any is read."""
    story = Story("again")
    story.started().stop()
    before = story.rows()
    recreate(story, records=2000)
    story.start().expect(78, "HALT source_rewritten")
    check(story.rows() == before, "records of the new topic came out")


def recreated_after_kill():
    """Deleting the topic deleted the mirror too. The last clean stop's records tell that they are others now."""
    story = Story("again-killed")
    story.started().stop()
    run = story.start()
    run.wait_for("claimed at epoch")
    run.kill()
    before = story.rows()
    recreate(story, records=2000)
    story.start().expect(78, "HALT source_rewritten")
    check(story.rows() == before, "records of the new topic came out")


def recreated_after_first_kill():
    """The same without any clean stop before: what was consumed is known nowhere. HALT positions_expired."""
    story = Story("again-first")
    story.started().kill()
    before = story.rows()
    recreate(story, records=2000)
    story.start().expect(78, "HALT positions_expired")
    check(story.rows() == before, "records of the new topic came out")


def recreated_shorter_while_running():
    """The position lies behind the new topic's end: HALT source_rewritten."""
    story = Story("again-shorter")
    run = story.started()
    before = story.rows()
    recreate(story, records=20)
    run.expect(78, "HALT source_rewritten", seconds=100)
    check(story.rows() == before, "records of the new topic came out")


def recreated_longer_while_running():
    """The new topic is longer than the position, and reading goes on in it without an error. The fingerprint
    of the last record is compared once a minute: HALT source_rewritten within two (long form)."""
    if not LONG:
        raise OnlyLong
    story = Story("again-longer")
    run = story.started()
    recreate(story, records=20_000)
    run.expect(78, "HALT source_rewritten", seconds=130)


def recreate(story, records):
    story.cluster.admin.delete_topic(story.input)
    story.cluster.admin.create_topic(story.input, story.partitions)
    story.produce(records)


def deleted_while_running():
    """A running job finds it at its refresh of a minute, gives the topic another minute to come back, and ends
    with its name (long form); until then it can be stopped. The next start ends with the topic's name."""
    story = Story("deleted")
    run = story.started()
    before = story.rows()
    story.cluster.admin.delete_topic(story.input)
    if LONG:
        run.expect(78, story.input, seconds=190)
    else:
        time.sleep(3)
        run.stop(seconds=30)
    check(story.rows() == before, "the output changed")
    story.start().expect(78, story.input, seconds=30)


def output_deleted_while_running():
    """Nothing can be written: exit 78 with the topic's name and the command that makes it, after
    message.timeout.ms and a minute for it to come back (long form). With the topic back, what was not committed comes."""
    if not LONG:
        raise OnlyLong
    story = Story("output")
    run = story.started()
    story.cluster.admin.delete_topic(story.output)
    story.sent.clear()  # the rows of before are gone with their topic
    story.produce(100)
    run.expect(78, f'topic "{story.output}" does not exist'.replace('"', '\\"'), "kafka-topics", seconds=190)
    story.cluster.admin.create_topic(story.output, story.partitions)
    run = story.start()
    story.verify()
    run.stop()


def partitions_added():
    """A new partition begins at its beginning, also with `start: latest`: at the next start, and within
    the refresh of a minute while the job runs (long form)."""
    story = Story("grown", start="latest")
    run = story.start()
    run.wait_for("claimed at epoch")
    story.produce(100)
    story.verify()
    if not LONG:
        run.stop()
    story.cluster.admin.add_partitions(story.input, 7)
    story.produce(300, options=("-X", "topic.metadata.refresh.interval.ms=1000"))
    if not LONG:
        run = story.start()
    # A key may have moved to a new partition, which is read beside its old one.
    story.verify(ordered=False)
    run.stop()
    check(len(story.cluster.admin.offsets(story.group, story.input, range(7))) == 7, "the mirror lacks partitions")


def partitions_added_to_bounded():
    """`end: { offsets: ... }` was resolved for the partitions of then; one that is found later ends where it ended then."""
    story = Story("grown-end")
    story.job.write_text(story.job.read_text().replace(
        "start: earliest", f"start: earliest, end: {{ offsets: {{ {story.input}: {{ 0: 5 }} }} }}"))
    story.produce(500)
    before = story.input_records()
    story.start().expect(0, seconds=30)
    forget(story, {n for (partition, offset), n in before.items() if partition == 0 and offset >= 5})
    story.verify(wait=False)
    # Partitions that are not named end where they ended then, however far they go now: that is no news.
    story.produce(100)
    forget(story, set(range(500, 600)))
    run = story.start()
    run.expect(0, seconds=30)
    story.verify(wait=False)
    check("at the first start" not in run.text(), f"the job file says what it said; log {run.log}")
    story.cluster.admin.add_partitions(story.input, 7)
    story.produce(300, options=("-X", "topic.metadata.refresh.interval.ms=1000"))
    forget(story, {n for (partition, _), n in story.input_records().items() if n >= 600 and partition < 4})
    story.start().expect(0, seconds=30)
    story.verify(wait=False, ordered=False)


def output_partitions_added():
    """Rows choose a partition that the output topic has got while the job runs."""
    story = Story("wider")
    chosen = 'key: k, partition: "CASE WHEN n < 500 THEN 0 ELSE 4 END" }'
    story.job.write_text(story.job.read_text().replace("key: k }", chosen))
    run = story.started(500)
    story.cluster.admin.add_partitions(story.output, 5)
    story.produce(100)
    story.verify(ordered=False)
    run.stop()


def empty_topic():
    """Nothing to read: `available_now` claims and exits 0, again and again, and then finds what came."""
    story = Story("empty", extra=ENDS)
    for _ in range(2):
        story.start().expect(0, seconds=30)
    story.produce(100)
    story.start().expect(0, seconds=30)
    story.verify(wait=False)


def kept_end():
    """`end:` is what it was at the first start: a later start says where that is, and what the job file says now.
    Without `end:` in the job file the job reads on."""
    story = Story("end", source=", end: latest")
    story.produce(100)
    story.start().expect(0, seconds=30)
    story.verify(wait=False)
    before = story.rows()
    story.produce(100)
    run = story.start()
    run.expect(0, "ends where its `end:` was at the first start", seconds=30)
    check(story.rows() == before, "what lies behind the end came out")
    check('"level":"warn"' not in run.text(), f"a warning that nobody can mend; log {run.log}")
    text = story.job.read_text()
    story.job.write_text(text.replace("end: latest", f"end: {{ offsets: {{ {story.input}: {{ 0: 1 }} }} }}"))
    run = story.start()
    run.expect(0, "ends where its `end:` was at the first start", '"level":"warn"', seconds=30)
    story.job.write_text(text.replace(", end: latest", ""))
    plan = subprocess.run([WEIR, "plan", story.job, "--config", story.config, "--state-dir", story.state],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    check("the end of the first start" in plan, f"the plan is {plan}")
    run = story.start()
    story.verify()
    check("is forgotten, and it is read on" in run.text(), f"log {run.log}")
    run.stop()


def many_partitions():
    """64 partitions under kills."""
    story = Story("wide", partitions=64)
    story.produce(3000, keys=997)
    with story.load(batch=300):
        for _ in range(3):
            run = story.start()
            time.sleep(1.2)
            run.kill()
    run = story.start()
    story.verify()
    run.stop()


def records_without_key():
    story = Story("keyless")
    story.produce(500, keyed=False)
    run = story.start()
    # Without keys their order is nobody's promise.
    story.verify(ordered=False)
    run.kill()
    story.produce(500, keyed=False)
    run = story.start()
    story.verify(ordered=False)
    run.stop()


def compacted_topic():
    """Offsets with gaps, also where the last consumed record was: what is left is read once."""
    story = Story("compacted", topic_config={"cleanup.policy": "compact", "segment.ms": 100,
                                             "min.cleanable.dirty.ratio": 0.001, "max.compaction.lag.ms": 100})
    run = story.started(200)
    run.stop()
    # The same keys again; only their last records will be left.
    read = {key: len(numbers) for key, numbers in story.sent.items()}
    story.produce(3000)
    compact(story)
    run = story.start()
    left = records_of(story.cluster.brokers, story.input)
    story.sent = {key: numbers[:read[key]] + [n for n in numbers[read[key]:] if n in left]
                  for key, numbers in story.sent.items()}
    story.verify()
    run.kill()
    story.produce(100)
    run = story.start()
    story.verify()
    run.stop()


def compact(story):
    """Waits until the broker's cleaner has been there; a segment that is written to is never cleaned."""
    for _ in range(60):
        for partition in range(story.partitions):
            # A key of its own, so that it replaces itself; the job's filter drops n = 3.
            subprocess.run(["kcat", "-b", story.cluster.brokers, "-t", story.input, "-P", "-p", str(partition), "-K", "|"],
                           input=b'roll|{"n":3,"k":"roll"}\n', check=True, stderr=subprocess.DEVNULL)
        time.sleep(0.4)
        if len(records_of(story.cluster.brokers, story.input)) < 1000:
            return
    check(False, "the broker did not compact the topic")


def records_of(brokers, topic):
    out = subprocess.run(["kcat", "-b", brokers, "-t", topic, "-C", "-e", "-q", "-o", "beginning"], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {json.loads(line)["n"] for line in out.splitlines()}


@contextlib.contextmanager
def transaction(story, identity, count):
    """Records in a transaction that is open meanwhile; it stays open when its kcat is killed."""
    producer = subprocess.Popen(["kcat", "-b", story.cluster.brokers, "-t", story.input, "-P", "-K", "|", "-X",
                                 f"transactional.id={identity}", "-X", "topic.partitioner=murmur2_random", "-X",
                                 "linger.ms=5"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for key, value in story.records(count):
        producer.stdin.write(f"{key}|{value}\n".encode())
    producer.stdin.flush()
    time.sleep(1.5)  # until they are at the broker; kcat tells nobody
    yield producer
    if producer.poll() is None:
        producer.stdin.close()
        check(producer.wait(30) == 0, "kcat could not commit")


def abort(story, producer, identity, expected):
    """Killed, and its transaction aborted by the next one of that name."""
    producer.kill()
    producer.wait()
    story.sent = expected
    with transaction(story, identity, 0):
        pass


def copy_of(sent):
    return {key: list(numbers) for key, numbers in sent.items()}


def transactions_of_others():
    """Committed ones are read, aborted ones are not, an open one holds its partitions back. The topic ends
    in control records and an aborted transaction, and `available_now` and `end: latest` end there."""
    for name, source, extra in (("now", "", ENDS), ("end", ", end: latest", "")):
        story = Story(f"control-{name}", source=source, extra=extra)
        story.produce(50)
        with transaction(story, f"{story.name}-a", 100):
            pass
        expected = copy_of(story.sent)
        with transaction(story, f"{story.name}-b", 100) as producer:
            abort(story, producer, f"{story.name}-b", expected)
        story.start().expect(0, seconds=30)
        story.verify(wait=False)
        story.start().expect(0, seconds=30)
        story.verify(wait=False)


def open_transaction_of_others():
    """What lies behind an open transaction comes when it ends, once, whether a kill came between or not."""
    story = Story("open")
    run = story.started(100)
    expected = copy_of(story.sent)
    with transaction(story, f"{story.name}-a", 100) as producer:
        story.produce(100)
        behind = story.sent
        time.sleep(1)
        run.kill()
        run = story.start()
        run.wait_for("claimed at epoch")
        after = {key: numbers[len(expected[key]):] for key, numbers in behind.items()}
        abort(story, producer, f"{story.name}-a", None)
    # The first 100 of what came after `expected` were aborted.
    first = set(range(100, 200))
    story.sent = {key: expected[key] + [n for n in after[key] if n not in first] for key in behind}
    story.verify()
    run.stop()


def retention_passed_the_position():
    """Records were deleted before they were read: HALT data_loss with the gap's size, and no row of it."""
    story = Story("retention")
    story.started().stop()
    before = story.rows()
    story.produce(2000)
    story.cluster.admin.delete_records(story.input, 0, story.mirror()[0] + 100)
    run = story.start()
    run.expect(78, "HALT data_loss", "100 offsets", f"{story.input}/0")
    check(len(story.rows()) >= len(before), "rows vanished")


def lose(story, partition, before=None):
    """Deletes records of a partition up to `before`, or all of them; how many offsets were not read yet."""
    records, position = story.input_records(), story.mirror()[partition]
    before = before or 1 + max(offset for number, offset in records if number == partition)
    story.cluster.admin.delete_records(story.input, partition, before)
    forget(story, {n for (number, offset), n in records.items() if number == partition and position <= offset < before})
    return before - position


def forget(story, numbers):
    """They are not expected to come out."""
    for key, sent in story.sent.items():
        story.sent[key] = [n for n in sent if n not in numbers]


def unread(story, partition):
    """n of what is there behind the position."""
    position = story.mirror()[partition]
    return {n for (number, offset), n in story.input_records().items() if number == partition and offset >= position}


@contextlib.contextmanager
def frozen(run):
    """What comes meanwhile was not fetched before; the broker has answered the last fetch."""
    run.process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    yield
    run.process.send_signal(signal.SIGCONT)


def loss_goes_on_at_the_beginning():
    """`on_data_loss: earliest`: what was deleted before it was read is counted, once, and what is left is read. Where
    nothing is left the new position is committed all the same, so that the next start has nothing to report."""
    story = Story("lost", source=", on_data_loss: earliest")
    story.started().stop()
    story.produce(2000)
    lost = lose(story, 0, story.mirror()[0] + 100) + lose(story, 1)
    run = story.start()
    story.verify()
    run.wait_for("`on_data_loss: earliest` goes on at")
    run.stop()
    check(f"{lost} offsets lost, " in run.text(), f"{lost} were lost; log {run.log}")
    run = story.start()
    story.produce(100)
    story.verify()
    run.kill()
    check("on_data_loss" not in run.text(), f"a loss was found twice; log {run.log}")


def loss_goes_on_at_the_end():
    """`on_data_loss: latest`: what is left behind the gap counts as lost too."""
    story = Story("lost-latest", source=", on_data_loss: latest")
    story.started().stop()
    story.produce(2000)
    passed = unread(story, 0)
    lose(story, 0, story.mirror()[0] + 100)
    forget(story, passed)
    run = story.start()
    story.verify()
    run.wait_for("`on_data_loss: latest` goes on at")
    story.produce(100)
    story.verify()
    run.stop()
    check(f"{len(passed)} offsets lost, " in run.text(), f"{len(passed)} were passed over; log {run.log}")


def loss_while_running():
    """Retention overtakes a job that runs: exact numbers with each policy, and no row of the gap."""
    for policy in ("earliest", "latest", "fail"):
        story = Story(f"overtaken-{policy}", source=f", on_data_loss: {policy}")
        run = story.started()
        with frozen(run):
            story.produce(2000)
            lost = unread(story, 0)
            gone = lose(story, 0, story.mirror()[0] + 100)
        if policy == "fail":
            run.expect(78, "HALT data_loss", "100 offsets", f"{story.input}/0")
            continue
        if policy == "latest":
            forget(story, lost)
        run.wait_for(f"`on_data_loss: {policy}` goes on at")
        story.produce(100)
        story.verify()
        run.kill()
        check(f"{gone if policy == 'earliest' else len(lost)} offsets lost" in run.text(), f"log {run.log}")
        run = story.start()
        story.produce(100)
        story.verify()
        run.stop()
        check("on_data_loss" not in run.text(), f"a loss was found twice; log {run.log}")


def recreated_shorter_goes_on():
    """A topic that was made again, and is shorter, is read from its beginning with `earliest`, whether the job ran,
    was stopped or killed; one that holds other records where the last one was halts it all the same."""
    story = Story("again-goes-on", source=", on_data_loss: earliest", partitions=1)
    story.started().stop()
    recreate(story, records=20)
    run = story.start()
    story.verify()
    recreate(story, records=8)
    story.verify()
    story.produce(500)
    story.verify()
    run.stop()
    run = story.start()
    run.wait_for("claimed at epoch")
    run.kill()
    recreate(story, records=40)
    run = story.start()
    story.verify()
    run.stop()
    recreate(story, records=2000)
    story.start().expect(78, "HALT source_rewritten")


def recreated_shorter_is_no_end():
    """A job that reads what is there now, once or at each tick, goes on in a topic that was made again and is shorter,
    instead of taking the position for its end."""
    story = Story("again-now", source=", on_data_loss: earliest", partitions=1, extra=ENDS)
    for records in (100, 20):
        recreate(story, records)
        story.start().expect(0, seconds=60)
        story.verify(wait=False)
    story = Story("again-ticks", source=", on_data_loss: earliest", partitions=1, extra="trigger: { every: 1s }")
    run = story.started(100)
    recreate(story, records=20)
    story.verify()
    run.stop()


def by_pattern(story, pattern):
    """The story's job reads what matches."""
    story.job.write_text(story.job.read_text().replace(f"topics: [{story.input}]", f"pattern: '{pattern}'"))
    return story


def produce_to(story, topic, count):
    """To another topic than the story's own, which is made when it is not there."""
    if topic not in story.cluster.admin.topics():
        story.cluster.admin.create_topic(topic, story.partitions, story.cluster.replication)
    own, story.input = story.input, topic
    story.produce(count)
    story.input = own


def pattern_topics_come_and_go():
    """A job waits for a topic that matches. Topics that come are read from their beginning, also with `start: latest`;
    those that are deleted leave, while it runs or was killed, and come back under their names as new ones. What the
    job writes is not read, though it matches. Made again while the job was stopped, a topic is a HALT as ever."""
    story = Story("pattern", start="latest", source=", refresh: 1s", partitions=2)
    by_pattern(story, story.name)
    a, b, c = (f"{story.input}.{letter}" for letter in "abc")
    story.cluster.admin.delete_topic(story.input)
    run = story.start()
    run.wait_for("matches no topic")
    run.wait_for("claimed at epoch 0, 0 splits")
    for topic in (a, b):
        produce_to(story, topic, 100)
        # One key may be in several topics.
        story.verify(ordered=False)
    story.cluster.admin.delete_topic(a)
    run.wait_for(f"numbers/{a}/1 is gone")
    produce_to(story, b, 100)
    produce_to(story, a, 100)
    story.verify(ordered=False)
    run.kill()
    story.cluster.admin.delete_topic(b)
    produce_to(story, c, 100)
    run = story.start()
    run.wait_for(f"numbers/{b}/0 is gone")
    story.verify(ordered=False)
    run.stop()
    before = story.rows()
    story.cluster.admin.delete_topic(a)
    produce_to(story, a, 2000)
    story.start().expect(78, "HALT source_rewritten", f"{a}/")
    check(story.rows() == before, "records of the new topic came out")


def pattern_never_reads_its_own():
    """Neither `*.delta` nor the sink's topic, nor weir's epochs; `available_now` ends with what is there."""
    story = Story("own", extra=ENDS)
    by_pattern(story, story.name)
    story.produce(100)
    delta = f"{story.input}.delta"
    produce_to(story, delta, 10)
    forget(story, set(range(100, 110)))
    for _ in range(2):
        story.start().expect(0, "claimed at epoch", f"{story.partitions} splits", seconds=30)
        story.verify(wait=False)


def pattern_topic_goes_unread():
    """A topic is deleted whose records were read, and not committed: `fail` halts, `earliest` counts them and goes on."""
    for policy in ("fail", "earliest"):
        story = Story(f"unread-{policy}", source=f", on_data_loss: {policy}, refresh: 1s", partitions=1, every="5s")
        by_pattern(story, f"^{story.input}")
        other = f"{story.input}.other"
        produce_to(story, other, 100)
        story.produce(100)
        run = story.start()
        story.verify(ordered=False)
        seen = story.next
        story.produce(200)
        time.sleep(2)  # read by then, and committed 3 s later
        story.cluster.admin.delete_topic(story.input)
        forget(story, set(range(seen, story.next)))
        if policy == "fail":
            run.expect(78, "HALT data_loss", f"{story.input}/0", "200 offsets", seconds=60)
            run = story.start()  # as the message says
        else:
            run.wait_for(f"numbers/{story.input}/0 is gone")
        produce_to(story, other, 100)
        story.verify(ordered=False)
        run.stop()
        check(("200 offsets lost, " in run.text()) == (policy == "earliest"), f"log {run.log}")


def poison_record():
    """HALT names the record and shows it; the rows before it stay."""
    story = Story("poison")
    run = story.started()
    story.produce_raw('{"n":"x","k":"a"}')
    run.expect(78, "HALT poison_record", f"{story.input}/0@", '{\\"n\\":\\"x\\",\\"k\\":\\"a\\"}')
    story.verify()
    # The cure that the message names.
    story.job.write_text(story.job.read_text() + "\nerrors: { decode: skip }\n")
    story.produce(100)
    run = story.start()
    story.verify()
    run.stop()
    check("1 skipped" in run.text(), f"the skipped record was not counted; log {run.log}")


def large_batches():
    """The topic takes no batch as large as those of a backlog would be: smaller ones are made of it."""
    story = Story("batches", every="2s")
    recreate_output(story, {"max.message.bytes": 20_000})
    story.produce(60_000)
    run = story.start()
    story.verify()
    run.stop()
    check("recovering" not in run.text(), f"a batch was refused; log {run.log}")


def refused_rows():
    """The broker refuses rows without a key, which a compacted topic cannot hold, while workers are still writing
    others: HALT poison_epoch after three attempts, and nothing is visible."""
    story = Story("refused", every="2s")
    recreate_output(story, {"cleanup.policy": "compact"})
    story.job.write_text(story.job.read_text().replace("key: k }", "key: \"nullif(k, 'none')\" }"))
    story.produce(60_000)
    story.produce_raw('{"n":1,"k":"none"}')
    run = story.start()
    run.expect(78, "HALT poison_epoch", story.output, f"made of record numbers/{story.input}/", " up to ",
               "weir offsets")
    check(not story.rows(), "a row of the refused epoch is visible")
    story.job.write_text(story.job.read_text().replace("n % 10 <> 3", "n % 10 <> 3 AND k <> 'none'"))
    run = story.start()
    story.verify()
    run.stop()


def recreate_output(story, config):
    story.cluster.admin.delete_topic(story.output)
    story.cluster.admin.create_topic(story.output, story.partitions, story.cluster.replication, config)


def topic_missing():
    story = Story("missing")
    story.job.write_text(story.job.read_text().replace(f"[{story.input}]", "[no-such-topic]"))
    story.start().expect(78, "no-such-topic", seconds=30)
    check("no-such-topic" not in story.cluster.admin.topics(), "asking for a topic made it")


tell([recreated_while_stopped, recreated_after_kill, recreated_after_first_kill, recreated_shorter_while_running,
      recreated_longer_while_running, deleted_while_running, output_deleted_while_running, partitions_added,
      output_partitions_added, partitions_added_to_bounded, empty_topic, kept_end, many_partitions, records_without_key,
      compacted_topic, transactions_of_others, open_transaction_of_others, retention_passed_the_position,
      loss_goes_on_at_the_beginning, loss_goes_on_at_the_end, loss_while_running, recreated_shorter_goes_on,
      recreated_shorter_is_no_end, pattern_topics_come_and_go, pattern_never_reads_its_own, pattern_topic_goes_unread,
      poison_record, large_batches, refused_rows, topic_missing])
