#!/usr/bin/env python3
"""A job is killed with -9 at random moments under load; nothing is lost, doubled or reordered.

  crash_test.py [--cycles 20] [--brokers 0|1|3] [--seed N]

Without --brokers the shared broker is used and stays up. With 1 or 3 the cluster is the test's own, and
its brokers are killed with -9 and restarted meanwhile, one at a time; of three, the next one is killed when
every partition has all its replicas again. The dice are repeated by --seed, the machine's timing is not."""

import argparse
import contextlib
import os
import random
import threading
import time

from harness import Story, clean_up, own, shared


# However slowly brokers come back, these many are killed.
BROKER_KILLS_MIN = 3


class BrokerKiller:
    """Kills one broker after another until it is told to end, and leaves all of them up."""

    def __init__(self, cluster, dice):
        self.cluster, self.dice, self.kills = cluster, dice, 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        # A single broker's outages stop everything, so it is left alone for longer.
        pause = (6, 12) if self.cluster.size == 1 else (1, 4)
        while not self.ending.wait(self.dice.uniform(*pause)):
            broker = self.dice.randrange(self.cluster.size) + 1
            self.cluster.kill(broker)
            self.kills += 1
            time.sleep(self.dice.uniform(0, 4))
            self.cluster.restart(broker)
            self.cluster.wait_in_sync()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


def crash(cluster, cycles, seed, kill_brokers):
    """(records, kills of the job, kills of brokers) of a story that ended well."""
    dice = random.Random(seed)
    story = Story("crash", cluster)
    killer = BrokerKiller(cluster, random.Random(seed + 1)) if kill_brokers else None
    with killer or contextlib.nullcontext(), story.load(batch=200, seed=seed + 2):
        kills = 0
        while kills < cycles or (killer and killer.kills < BROKER_KILLS_MIN):
            run = story.start()
            time.sleep(dice.uniform(0.05, 2.5))
            run.kill()
            kills += 1
    run = story.start()
    story.verify()
    run.stop()
    clean_up()
    return story.next, kills, killer.kills if killer else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=int(os.environ.get("WEIR_CRASH_CYCLES", "20")))
    parser.add_argument("--brokers", type=int, choices=(0, 1, 3), default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    # Another broker leads after 3 s instead of 9, so that there are records to be lost.
    quick = ("--property", "broker.session.timeout.ms=3000", "--property", "broker.heartbeat.interval.ms=500")
    place = (own(f"crash-{options.brokers}", *quick, brokers=options.brokers) if options.brokers
             else contextlib.nullcontext(shared()))
    with place as cluster:
        records, kills, broker_kills = crash(cluster, options.cycles, options.seed, options.brokers > 0)
    seconds = time.monotonic() - began
    print(f"exactly once, in order: seed {options.seed}, {kills} kills of the job, {broker_kills} of brokers, "
          f"{records} records in {seconds:.0f} s, {records / seconds:.0f} records/s")


main()
