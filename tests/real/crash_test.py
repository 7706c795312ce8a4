#!/usr/bin/env python3
"""A job is killed with -9 at random moments under input; nothing is lost, doubled or reordered.

  crash_test.py [--cycles 20] [--kill-brokers] [--seed N]"""

import argparse
import os
import random
import time

from harness import Story, check, kafka


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=int(os.environ.get("WEIR_CRASH_CYCLES", "20")))
    parser.add_argument("--kill-brokers", action="store_true", help="every tenth cycle kills the broker as well")
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    dice = random.Random(arguments.seed)
    story = Story("crash")
    began = time.monotonic()
    for cycle in range(arguments.cycles):
        process = story.start()
        until = time.monotonic() + dice.uniform(0.05, 2.5)
        while time.monotonic() < until:
            story.produce(dice.randrange(1, 400))
            time.sleep(dice.uniform(0, 0.05))
        check(process.poll() is None, f"weir ended by itself in cycle {cycle}; log {story.log.name}")
        process.kill()
        process.wait()
        if arguments.kill_brokers and cycle % 10 == 9:
            kafka("kill", "1")
            kafka("restart", "1")
    process = story.start()
    story.wait_for_rows()
    story.stop(process)
    story.verify()
    print(f"{arguments.cycles} kills, {story.next} records in {time.monotonic() - began:.0f} s: exactly once, in order")


main()
