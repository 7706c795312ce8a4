#!/usr/bin/env python3
"""The fault matrix: each transactional request of an epoch or of a claim is cut, lost, or comes late, with
`rotate: always` and `on_doubt`. Every fault must be followed by doubt or a recovery, a late copy must be refused,
and nothing wrong may be visible, also when the job is killed right behind it (epochs.md, section 3).

  fault_matrix.py fault_matrix          one cell per request and mode; the long form: all of them
  fault_matrix.py faults_unrotated      with WEIR=weir_no_rotation, which never rotates: the harm must be found

A late request is parked: its client's connection ends, so that another copy is sent and answered, and the first one
reaches the broker in the next epoch. There are three moments of that epoch when it can come, `at`: its rows are
written and no offset is sent; the cell is sent and the mirror is not; only the commit is missing. Then the job is
killed, so that the epoch must come again whole, or it commits, and the job is killed behind that."""

import concurrent.futures
import itertools
import re
import time
from typing import NamedTuple

from cluster import shared
from harness import LONG, Story, check, tell
from kafka_proxy import Api, Proxy

REFUSED = 47  # INVALID_PRODUCER_EPOCH

# Each of these goes out twice in an epoch, for the cell and then for the mirror.
MIRROR = 2


class Request(NamedTuple):
    api: Api
    number: int = 1

    def __str__(self):
        return self.api.name.lower() + (" of the mirror" if self.number == MIRROR else "")


REQUESTS = [Request(Api.PRODUCE), Request(Api.ADD_PARTITIONS_TO_TXN), Request(Api.ADD_OFFSETS_TO_TXN),
            Request(Api.ADD_OFFSETS_TO_TXN, MIRROR), Request(Api.TXN_OFFSET_COMMIT),
            Request(Api.TXN_OFFSET_COMMIT, MIRROR), Request(Api.END_TXN)]
# A claim has no rows, so it neither produces nor adds partitions.
OF_A_CLAIM = REQUESTS[2:]

FAULTS = {"cut before": Proxy.cut, "cut behind": Proxy.cut_behind, "answer cut": Proxy.cut_answer,
          "lost": Proxy.drop, "answer lost": Proxy.drop_answer}

# What the next epoch sends when it has got there.
MOMENTS = {"rows": Request(Api.ADD_OFFSETS_TO_TXN), "cell": Request(Api.TXN_OFFSET_COMMIT, MIRROR),
           "offsets": Request(Api.END_TXN)}


class Late(NamedTuple):
    """A request that is parked and comes in the next epoch."""

    at: str
    killed: bool  # in that epoch, not behind its commit
    of_claim: bool = False

    def __str__(self):
        return f"late{' from the claim' if self.of_claim else ''}, at {self.at}, {'killed' if self.killed else 'committed'}"


# CI's: for each request the cell that would do harm, or could, without rotation.
SHORT = [(Request(Api.PRODUCE), Late("rows", killed=True)),
         (Request(Api.ADD_PARTITIONS_TO_TXN), Late("rows", killed=True)),
         (Request(Api.ADD_OFFSETS_TO_TXN), Late("cell", killed=True)),
         (Request(Api.TXN_OFFSET_COMMIT, MIRROR), Late("offsets", killed=False)),
         (Request(Api.END_TXN), Late("rows", killed=True))]

# A commit that comes late makes the rows visible that are there, or the cell without the mirror: the epoch comes
# again and its rows are twice. Late offsets of the mirror take the next epoch's place, so its input comes again.
HARMFUL = [(Request(Api.END_TXN), Late("rows", killed=True)),
           (Request(Api.END_TXN), Late("cell", killed=True)),
           (Request(Api.TXN_OFFSET_COMMIT, MIRROR), Late("offsets", killed=False))]


def every_cell():
    yield from itertools.product(REQUESTS, FAULTS)
    for at, killed in itertools.product(MOMENTS, (True, False)):
        yield from ((request, Late(at, killed)) for request in REQUESTS)
        yield from ((request, Late(at, killed, of_claim=True)) for request in OF_A_CLAIM)


class Lane:
    """A job behind the proxy that faults are tried on, one after the other."""

    def __init__(self, proxy, mode, number=0, answer=REFUSED):
        self.proxy, self.mode, self.answer = proxy, mode, answer
        self.story = Story(f"faults-{mode.replace('_', '-')}-{number}", brokers=proxy.address)
        job = self.story.job.read_text()
        self.story.job.write_text(job.replace("delivery: {", f"delivery: {{ rotate: {mode},"))
        self.cells = self.doubts = self.recoveries = 0
        self.run = self.started()

    def started(self):
        run = self.story.start()
        run.wait_for("claimed at epoch")
        return run

    def try_cell(self, request, fault):
        before = signs(self.run)
        if isinstance(fault, Late):
            doubts, recoveries = self.late(request, fault)
        else:
            rule = FAULTS[fault](self.proxy, request.api, request.number, of=self.story.cell_group)
            self.story.produce(200)
            rule.wait()
            doubts, recoveries = self.noticed(before)
            self.story.verify()
            self.story.produce(200)
        self.verify()
        self.cells += 1
        self.doubts += doubts
        self.recoveries += recoveries
        print(f"{self.mode}: {request}, {fault}: {doubts} doubts, {recoveries} recoveries", flush=True)

    def late(self, request, fault):
        before = signs(self.run)
        if fault.of_claim:
            self.run.kill()
            before = (0, 0)
        late = self.proxy.park(request.api, request.number, of=self.story.cell_group)
        if fault.of_claim:
            self.run = self.story.start()
        else:
            self.story.produce(200)
        late.wait()
        self.run.wait_for("claimed at epoch")
        found = self.noticed(before)
        self.story.verify()
        next_one = MOMENTS[fault.at]
        held = self.proxy.hold(next_one.api, next_one.number, of=self.story.cell_group)
        self.story.produce(200)
        held.wait()
        late.release()
        check(late.error() == self.answer,
              f"{self.mode}: the late {request} was answered with {late.error()}; logs in {self.story.dir}")
        if fault.killed:
            self.run.kill()
            held.discard()
        else:
            held.release()
            self.story.verify()
            self.run.kill()
        self.run = self.started()
        return found

    def noticed(self, before, seconds=60):
        """What the job's log has said since about a fault: how often doubt, how often a recovery."""
        until = time.monotonic() + seconds
        while True:
            found = tuple(now - then for now, then in zip(signs(self.run), before))
            if any(found):
                return found
            self.run.still_runs()
            check(time.monotonic() < until, f"{self.mode}: neither doubt nor a recovery; log {self.run.log}")
            time.sleep(0.05)

    def verify(self):
        """The rows are the input, up to exactly where the group stands, and the cell is of the same epoch."""
        self.story.verify()
        story = self.story

        def together():
            cell = story.cell()
            marks = story.cluster.admin.offsets(story.group, story.input, range(story.partitions)).values()
            return max(int(metadata.split(";")[3]) for _, metadata in marks) == cell[0]

        # Rows may be seen some moments before the offsets of their transaction.
        story.cluster.admin.wait_for(together, f"cell and mirror are of two epochs; logs in {story.dir}")
        story.verify_up_to_mirror()

    def end(self):
        self.run.stop()
        check("{} doubts, {} recoveries in".format(*signs(self.run)) in self.run.text(),
              f"the summary counts otherwise; log {self.run.log}")
        return self.mode, self.cells, self.doubts, self.recoveries


def signs(run):
    text = run.text()
    return text.count("followed by doubt"), text.count("recovering: ") + text.count("waiting_for_kafka (")


def lane_through(proxy, mode, number, cells):
    lane = Lane(proxy, mode, number)
    for cell in cells:
        lane.try_cell(*cell)
    return lane.end()


def fault_matrix():
    """Both modes at once; in the long form two jobs of each, so that one goes on while the other waits."""
    cells = list(every_cell()) if LONG else SHORT
    share = 2 if LONG else 1
    modes = ("always", "on_doubt")
    with Proxy(shared()) as proxy, concurrent.futures.ThreadPoolExecutor() as pool:
        lanes = [pool.submit(lane_through, proxy, mode, number, cells[number::share])
                 for mode in modes for number in range(share)]
        results = [lane.result() for lane in concurrent.futures.as_completed(lanes)]
    for mode in modes:
        sums = [sum(column) for column in zip(*(result[1:] for result in results if result[0] == mode))]
        print("rotate: {}: {} cells, {} doubts, {} recoveries".format(mode, *sums), flush=True)


def faults_unrotated():
    """What the matrix is for: without rotation the late copies are accepted, and rows come twice."""
    with Proxy(shared()) as proxy, concurrent.futures.ThreadPoolExecutor() as pool:
        for harm in [pool.submit(does_harm, proxy, number, *cell) for number, cell in enumerate(HARMFUL)]:
            print(harm.result(), flush=True)


def does_harm(proxy, number, request, fault):
    lane = Lane(proxy, "on_doubt", number, answer=0)
    try:
        lane.try_cell(request, fault)
    except SystemExit as failure:
        if re.search(r"twice or foreign \[\d", str(failure)):
            return f"{request}, {fault}: rows are twice"
        raise
    check(False, f"{request}, {fault}: nothing wrong was seen; logs in {lane.story.dir}")


if __name__ == "__main__":
    tell([fault_matrix, faults_unrotated])
