#!/usr/bin/env python3
"""What people and clusters do to a job, and the row of epochs.md that each must end in.

  stories_test.py STORY..."""

import shutil
import subprocess
import sys
import time

from harness import BROKERS, Story, check, kafka


def started(story, records=500):
    """A job that has committed `records`, still running."""
    story.produce(records)
    process = story.start()
    story.wait_for_rows()
    story.verify()
    return process


def clean_stop():
    story = Story("clean")
    story.stop(started(story))
    story.produce(200)
    process = story.start()
    story.wait_for_rows()
    story.stop(process)
    story.verify()


def second_run_same_state():
    story = Story("same")
    process = started(story)
    began = time.monotonic()
    code, text = story.run_to_exit()
    waited = time.monotonic() - began
    check(code == 1 and str(process.pid) in text, f"exit {code}, 1 and the holder's pid expected: {text}")
    check(9 < waited < 20, f"waited {waited:.1f} s for the lock")
    story.produce(200)
    story.wait_for_rows()
    story.stop(process)
    story.verify()


def second_run_other_state():
    story = Story("other")
    process = started(story)
    code, text = story.run_to_exit(state=story.dir / "second")
    check(code == 78 and "HALT other_owner" in text, f"exit {code}: {text}")
    story.produce(200)
    story.wait_for_rows()
    story.stop(process)
    story.verify()


def takeover():
    story = Story("takeover")
    process = started(story)
    process.kill()
    process.wait()
    story.produce(200)
    process = story.start("--takeover", state=story.dir / "second")
    story.wait_for_rows()
    story.stop(process)
    story.verify()
    code, text = story.run_to_exit()  # the old machine comes back
    check(code == 78 and "HALT other_owner" in text, f"exit {code}: {text}")
    story.verify()


def older_copy():
    story = Story("older")
    story.stop(started(story))
    shutil.copytree(story.state, story.dir / "copy")
    process = story.start()
    story.produce(200)
    story.wait_for_rows()
    story.stop(process)
    shutil.rmtree(story.state)
    shutil.copytree(story.dir / "copy", story.state)
    code, text = story.run_to_exit()
    check(code == 78 and "HALT other_owner" in text, f"exit {code}: {text}")
    story.verify()


def group_reset():
    story = Story("reset")
    story.stop(started(story))
    # As somebody with a consumer of that group would: a plain commit.
    group = f"weir.{story.name}"
    kafka_groups("--reset-offsets", "--group", group, "--topic", story.input, "--to-earliest", "--execute")
    code, text = story.run_to_exit()
    check(code == 78 and "HALT foreign_offsets" in text, f"exit {code}: {text}")
    story.verify()


def group_deleted():
    story = Story("gone")
    story.stop(started(story))
    kafka_groups("--delete", "--group", f"weir.{story.name}")
    code, text = story.run_to_exit()
    check(code == 78 and "HALT foreign_offsets" in text, f"exit {code}: {text}")
    story.verify()


def topic_recreated():
    story = Story("again")
    story.stop(started(story))
    kafka("delete", story.input)
    for _ in range(50):
        listed = subprocess.run(["kcat", "-b", BROKERS, "-L"], stdout=subprocess.PIPE, check=True).stdout.decode()
        if f'"{story.input}"' not in listed:
            break
        time.sleep(0.2)
    kafka("create", story.input, "--partitions", "4")
    story.produce(2000)
    code, text = story.run_to_exit()
    check(code == 78 and "HALT source_rewritten" in text, f"exit {code}: {text}")


def poison_record():
    story = Story("poison")
    process = started(story)
    subprocess.run(["kcat", "-b", BROKERS, "-t", story.input, "-P", "-p", "0"], input=b'{"n":"x","k":"a"}\n', check=True)
    code = process.wait(60)
    text = story.log_text()
    check(code == 78 and "HALT poison_record" in text and f"{story.input}/0@" in text, f"exit {code}: {text[-600:]}")
    story.verify()


def too_large_rows():
    story = Story("large")
    story.job.write_text(story.job.read_text().replace("n * 2 AS twice", "n * 2 AS twice, repeat_me || repeat_me AS big")
                         .replace("k text NOT NULL", "k text NOT NULL, repeat_me text"))
    record = '{"n":1,"k":"a","repeat_me":"' + "x" * 600_000 + '"}\n'
    subprocess.run(["kcat", "-b", BROKERS, "-t", story.input, "-P", "-p", "0"], input=record.encode(), check=True)
    code, text = story.run_to_exit()
    check(code == 78 and "HALT poison_epoch" in text, f"exit {code}: {text[-600:]}")
    check(not story.rows(), "a row of the refused epoch is visible")


def topic_missing():
    story = Story("missing")
    story.job.write_text(story.job.read_text().replace(f"[{story.input}]", "[no-such-topic]"))
    code, text = story.run_to_exit()
    check(code == 78 and "no-such-topic" in text, f"exit {code}: {text}")


def broker_killed():
    story = Story("broker")
    process = started(story)
    kafka("kill", "1")
    kafka("restart", "1")
    story.produce(300)
    story.wait_for_rows()
    story.stop(process)
    story.verify()


def kafka_groups(*arguments):
    from harness import KAFKA_DIR
    libs = open(f"{KAFKA_DIR}/libs").read().strip()
    subprocess.run(["java", "-cp", f"{libs}/*", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                    "--bootstrap-server", BROKERS, *arguments], check=True, stdout=subprocess.DEVNULL)


STORIES = [clean_stop, second_run_same_state, second_run_other_state, takeover, older_copy, group_reset, group_deleted,
           topic_recreated, poison_record, too_large_rows, topic_missing, broker_killed]
for name in sys.argv[1:]:
    next(story for story in STORIES if story.__name__ == name)()
    print(f"{name}: as expected")
