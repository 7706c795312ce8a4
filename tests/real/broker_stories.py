#!/usr/bin/env python3
"""The broker is killed, stands still, or is away while people stop and kill the job. The job waits
(`waiting_for_kafka`), exits when it is asked to, and nothing is lost or doubled.

  broker_stories.py [STORY...]

They have a broker of their own, so that other tests may run beside them."""

import time

from harness import LONG, OTHER_PORTS, Story, check, own, tell

# Longer than socket.timeout.ms, 10 s; the long form also outlasts most of message.timeout.ms, 45 s.
FROZEN_S = 40 if LONG else 12
DRAIN = "stop: { drain_timeout: 5s }"


def broker_killed():
    """Killed and back under load."""
    story = Story("broker")
    run = story.started()
    with story.load():
        time.sleep(1)
        story.cluster.kill()
        time.sleep(1)
        story.cluster.restart()
    story.verify()
    run.still_runs()
    run.stop()


def stopped_while_broker_is_away():
    """SIGTERM ends the job with 0 although nothing can be committed; the open epoch comes at the next start."""
    story = Story("away", extra=DRAIN)
    run = story.started()
    story.produce(300)
    story.cluster.kill()
    try:
        began = time.monotonic()
        run.stop(seconds=30)
        took = time.monotonic() - began
    finally:
        story.cluster.restart()
    check(took < 20, f"the stop took {took:.0f} s with a drain_timeout of 5 s")
    run = story.start()
    story.verify()
    run.stop()


def started_while_broker_is_away():
    """A start without a broker waits for it and does not exit."""
    story = Story("waiting")
    story.started().stop()
    story.cluster.kill()
    try:
        run = story.start()
        run.wait_for("waiting_for_kafka", seconds=60)
    finally:
        story.cluster.restart()
    story.produce(200)
    story.verify()
    run.stop()


def stopped_twice():
    """A second SIGTERM leaves the open epoch undone at once; it comes at the next start."""
    story = Story("twice", every="5s")
    run = story.started()
    story.produce(300)
    time.sleep(0.5)
    began = time.monotonic()
    run.process.terminate()
    time.sleep(0.02)
    run.process.terminate()
    run.expect(0, seconds=10)
    check(time.monotonic() - began < 5, "the second SIGTERM did not end it at once")
    run = story.start()
    story.verify()
    run.stop()


def stopped_twice_while_broker_is_away():
    story = Story("twice-away")
    run = story.started()
    story.produce(300)
    story.cluster.kill()
    try:
        run.process.terminate()
        time.sleep(1)
        run.process.terminate()
        run.expect(0, seconds=5)
    finally:
        story.cluster.restart()
    run = story.start()
    story.verify()
    run.stop()


def broker_frozen():
    """Its connections are open and silent for longer than a request may take, then it goes on where it was,
    and so do the requests that it had taken: late copies of what was sent again meanwhile."""
    story = Story("frozen")
    run = story.started()
    story.produce(300)
    with story.cluster.frozen():
        time.sleep(FROZEN_S)
    story.produce(300)
    story.verify()
    run.still_runs()
    story.produce(100)
    story.verify()
    run.stop()


def killed_while_broker_is_frozen():
    """What the killed one had sent lies at the broker and is carried out when it goes on, before the
    successor's fence or after it."""
    for pause in (0, 2):
        story = Story("frozen-killed")
        run = story.started()
        story.produce(300)
        with story.cluster.frozen():
            time.sleep(1)
            run.kill()
            run = story.start()
            time.sleep(pause)
        story.produce(100)
        story.verify()
        run.stop()


def stopped_while_broker_is_frozen():
    story = Story("frozen-stopped", extra=DRAIN)
    run = story.started()
    story.produce(300)
    with story.cluster.frozen():
        began = time.monotonic()
        run.stop(seconds=60)
        took = time.monotonic() - began
    check(took < 20, f"the stop took {took:.0f} s with a drain_timeout of 5 s")
    run = story.start()
    story.verify()
    run.stop()


def no_broker_at_all():
    """Nobody listens: the job says whom it waits for, and can be stopped."""
    story = Story("nowhere", brokers="127.0.0.1:1", extra=DRAIN)
    run = story.start()
    run.wait_for("waiting_for_kafka", seconds=60)
    check("127.0.0.1:1" in run.text(), f"the broker is not named; log {run.log}")
    run.stop(seconds=30)


with own("disturbed", ports=OTHER_PORTS) as Story.cluster:
    tell([broker_killed, stopped_while_broker_is_away, started_while_broker_is_away, stopped_twice,
          stopped_twice_while_broker_is_away, broker_frozen, killed_while_broker_is_frozen, stopped_while_broker_is_frozen,
          no_broker_at_all])
