#!/usr/bin/env python3
"""How long a start takes until its claim is committed and until its first record is taken: after a clean
stop, and after kill -9 under load, which leaves a transaction open. Prints a table of medians; the goals
are epochs.md's (section 4). scripts/start-times runs it with a release build.

  start_times.py [--runs 7]"""

import argparse
import json
import re
import statistics
import time

from harness import Story, check, clean_up, shared

# To the claim, to the first record, in ms.
GOALS = {"after a clean stop": (500, 500), "after kill -9 under load": (1500, 1500)}


def start(story):
    """(ms from the process's start to its claim, to its first record) of a start that is stopped cleanly then."""
    began = time.time()
    run = story.start()
    run.wait_for("claimed at epoch")
    lines = [json.loads(line) for line in run.text().splitlines() if line.startswith("{")]
    stamp = next(line["ts"] for line in lines if "claimed at epoch" in line["message"])
    seconds = time.mktime(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + int(stamp[20:23]) / 1000
    story.wait_for_rows()
    run.stop()
    said = re.search(r"start to claim (\d+) ms, to first [a-z ]+ (\d+) ms", run.text())
    check(said is not None, f"the summary does not say both times; log {run.log}")
    # What the summary counts begins in weir; the process's own start comes before it.
    own, to_record = (int(word) for word in said.groups())
    to_claim = (seconds - began) * 1000
    return to_claim, to_claim + max(0, to_record - own)


def measure(runs):
    # Epochs as short as may be, so that the end of the first one is close to its first record.
    story = Story("start-times", every="10ms")
    short = story.job.read_text()
    long = short.replace("every: 10ms", "every: 10s")
    story.started().stop()
    for _ in range(runs):
        story.produce(50)
        yield "after a clean stop", start(story)
        story.job.write_text(long)
        run = story.start()
        run.wait_for("claimed at epoch")
        with story.load():
            time.sleep(1)
            run.kill()
        story.job.write_text(short)
        yield "after kill -9 under load", start(story)
    story.verify()
    clean_up()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    figures = {}
    for kind, times in measure(runs):
        figures.setdefault(kind, []).append(times)
    print(f"{runs} starts each, one broker at {shared().brokers}; median (worst)\n")
    print("| start | to the claim, ms | goal | to the first record, ms | goal |")
    print("| --- | --- | --- | --- | --- |")
    for kind, times in figures.items():
        claims, records = zip(*times)
        print(f"| {kind} | {statistics.median(claims):.0f} ({max(claims):.0f}) | {GOALS[kind][0]} "
              f"| {statistics.median(records):.0f} ({max(records):.0f}) | {GOALS[kind][1]} |")


main()
