#!/usr/bin/env python3
"""A job is killed with -9 at each step of epoch 0 and of a later one, by a proxy that stops at the request
which follows the step; the next start ends in the row that epochs.md names. Requests are lost, cut and late.

In epoch 0, `start: latest` is resolved once: records that come between the kill and the second start belong
to the job as soon as LANE was written.

  step_stories.py [STORY...]"""

import time

from harness import LONG, Story, check, tell
from kafka_proxy import Api, Proxy

TRANSACTIONAL = (Api.PRODUCE, Api.ADD_PARTITIONS_TO_TXN, Api.ADD_OFFSETS_TO_TXN, Api.TXN_OFFSET_COMMIT, Api.END_TXN)


def behind_proxy(story):
    """A proxy that the story's runs go through from now on."""
    proxy = Proxy(story.cluster)
    story.config.write_text(story.config.read_text().replace(story.cluster.brokers, proxy.address))
    return proxy


def killed_at(step, row, lane_written):
    """`step(proxy)` makes the rule that the first start is killed at."""
    story = Story("zero", start="latest")
    with behind_proxy(story) as proxy:
        story.produce(100)
        story.sent.clear()  # before `latest`
        rule = step(proxy)
        run = story.start()
        rule.wait()
        run.kill()
        story.produce(200)
        if not lane_written:
            story.sent.clear()
        run = story.start()
        run.wait_for("claimed at epoch")
        story.produce(100)
        story.verify()
        check(run.row() == row, f"recovery ended in row {run.row()}, not {row}; log {run.log}")
        run.stop()
        story.produce(50)
        run = story.start()
        story.verify()
        run.stop()
        check(run.row() == "T8", f"the third start ended in row {run.row()}")


def many_tails():
    """The last records read of 300 partitions are compared at a start with requests for all of them at once, not
    for each; so do their first positions come."""
    story = Story("tails", partitions=300)
    story.produce(6000, keys=4999)
    for _ in range(2):
        with behind_proxy(story) as proxy:
            asked, read = proxy.hold(Api.LIST_OFFSETS, number=0), proxy.hold(Api.FETCH, number=0)
            run = story.start()
            run.wait_for("claimed at epoch")
            check(asked.seen <= 10, f"{asked.seen} requests for ends of logs; log {run.log}")
            check(read.seen <= 100, f"{read.seen} fetches before the claim; log {run.log}")
            story.verify()
            run.stop()
        story.config.write_text(story.config.read_text().replace(proxy.address, story.cluster.brokers))
    said = run.text()
    check("could not be compared" not in said or "nothing was consumed yet" in said, f"log {run.log}")


def before_fence():
    """Nothing was written anywhere: a first start again."""
    killed_at(lambda proxy: proxy.hold(Api.INIT_PRODUCER_ID), "T3", lane_written=False)


def before_lane():
    """Start positions were asked for, LANE was not written: a first start again."""
    killed_at(lambda proxy: proxy.hold(Api.LIST_OFFSETS), "T3", lane_written=False)


def lane_written():
    """The claim's transaction has begun here, the cluster has seen nothing of it: LANE's positions."""
    killed_at(lambda proxy: proxy.hold(Api.ADD_OFFSETS_TO_TXN), "T6", lane_written=True)


def claim_begun():
    """The cluster knows of the transaction, the cell was not sent."""
    killed_at(lambda proxy: proxy.hold(Api.TXN_OFFSET_COMMIT), "T6", lane_written=True)


def cell_sent():
    """The cell lies in the open transaction, the mirror was not sent."""
    killed_at(lambda proxy: proxy.hold(Api.TXN_OFFSET_COMMIT, number=2), "T6", lane_written=True)


def claim_sent():
    """Cell and mirror lie in the open transaction, the commit was not sent: the next fence aborts it."""
    killed_at(lambda proxy: proxy.hold(Api.END_TXN), "T6", lane_written=True)


def claim_committed_unseen():
    """The broker has committed, its answer never came. The cell's owner is LANE.owner_next: ours."""
    killed_at(lambda proxy: proxy.hold_answer(Api.END_TXN), "T8", lane_written=True)


def claim_committed():
    """The claim was committed and seen; the killed one was about to read."""
    killed_at(lambda proxy: proxy.hold(Api.FETCH), "T8", lane_written=True)


def claim_arrives_late():
    """The commit of the killed one was under way, and reaches the broker when its successor has fenced:
    it is refused."""
    story = Story("zero-late", start="latest")
    with behind_proxy(story) as proxy:
        late = proxy.hold(Api.END_TXN)
        run = story.start()
        late.wait()
        run.kill()
        story.produce(100)
        fenced = proxy.hold(Api.TXN_OFFSET_COMMIT)
        run = story.start()
        fenced.wait()
        late.release()
        fenced.release()
        story.verify()
        check(run.row() == "T6", f"recovery ended in row {run.row()}")
        run.stop()


def stable_read_unanswered():
    """The cell cannot be read: unknown, and never taken for absent. The job waits and claims nothing; had it
    taken the clean stop's positions for the truth (row T6), it would claim at once."""
    story = Story("unknown")
    story.started().stop()
    claimed = story.cell()
    with behind_proxy(story) as proxy:
        story.produce(100)
        # Peek's answer passes; the stable read after the fence gets none.
        fence = proxy.hold_answer(Api.INIT_PRODUCER_ID)
        run = story.start()
        fence.wait()
        silence = proxy.drop_answer(Api.OFFSET_FETCH, number=None)
        claim = proxy.hold(Api.END_TXN)
        fence.release()
        run.wait_for("the cell is unknown", seconds=90)
        check(not claim.hit.is_set() and story.cell() == claimed, f"it claimed without knowing the cell; log {run.log}")
        run.still_runs()
        silence.release()
        claim.release()
        story.verify()
        check(run.row() == "T8", f"recovery ended in row {run.row()}")
        run.stop()


def killed_in_epoch(step, row, after_kill=lambda proxy, rule: None):
    """An epoch after the claim is killed where `step(proxy)` says; `after_kill` may let late requests go."""
    story = Story("epoch")
    with behind_proxy(story) as proxy:
        run = story.start()
        run.wait_for("claimed at epoch")
        rule = step(proxy)
        story.produce(200)
        rule.wait()
        run.kill()
        after_kill(proxy, rule)
        story.produce(100)
        run = story.start()
        story.verify()
        check(run.row() == row, f"recovery ended in row {run.row()}, not {row}; log {run.log}")
        run.stop()


def killed_before_rows():
    killed_in_epoch(lambda proxy: proxy.hold(Api.PRODUCE), "T8")


def killed_before_offsets():
    killed_in_epoch(lambda proxy: proxy.hold(Api.ADD_OFFSETS_TO_TXN), "T8")


def killed_before_mirror():
    """The cell lies in the open transaction, the mirror was not sent."""
    killed_in_epoch(lambda proxy: proxy.hold(Api.TXN_OFFSET_COMMIT, number=2), "T8")


def killed_before_commit():
    killed_in_epoch(lambda proxy: proxy.hold(Api.END_TXN), "T8")


def killed_before_answer():
    """The epoch was committed, its job never heard of it: the cell says so."""
    killed_in_epoch(lambda proxy: proxy.hold_answer(Api.END_TXN), "T12")


def killed_before_rotation():
    """The commit's answer was lost with its connection, so that a rotation follows."""
    def step(proxy):
        proxy.cut_answer(Api.END_TXN)
        return proxy.hold(Api.INIT_PRODUCER_ID)

    killed_in_epoch(step, "T12")


def commit_arrives_before_fence():
    """The killed one's commit was under way and is carried out before its successor comes."""
    def arrive(_, commit):
        commit.release()
        time.sleep(0.5)

    killed_in_epoch(lambda proxy: proxy.hold(Api.END_TXN), "T12", arrive)


def commit_arrives_after_fence():
    """It comes when the successor has fenced, and is refused; the rows come once, from the successor."""
    story = Story("epoch-late")
    with behind_proxy(story) as proxy:
        run = story.start()
        run.wait_for("claimed at epoch")
        late = proxy.hold(Api.END_TXN)
        story.produce(200)
        late.wait()
        run.kill()
        claim = proxy.hold(Api.ADD_OFFSETS_TO_TXN)
        run = story.start()
        claim.wait()
        late.release()
        time.sleep(0.5)
        claim.release()
        story.verify()
        check(run.row() == "T8", f"recovery ended in row {run.row()}")
        run.stop()


def requests_are_cut():
    """Each transactional request, and each answer, ends with its connection, under load."""
    faults([fault for api in TRANSACTIONAL for fault in (lambda proxy, api=api: proxy.cut(api),
                                                         lambda proxy, api=api: proxy.cut_answer(api))])


def requests_are_lost():
    """They vanish in the network while their connection stays, each for socket.timeout.ms: the long form has
    all of them, the short one the commit's answer."""
    apis = TRANSACTIONAL if LONG else (Api.END_TXN,)
    faults([fault for api in apis for fault in (lambda proxy, api=api: proxy.drop_answer(api),
                                                *([lambda proxy, api=api: proxy.drop(api)] if LONG else []))])


def commits_come_late():
    """A commit is held until its client has given it up and sent it again, and arrives in a later epoch: the
    rotated producer's epoch refuses it (epochs.md, section 3)."""
    story = Story("late")
    with behind_proxy(story) as proxy:
        run = story.start()
        run.wait_for("claimed at epoch")
        with story.load(batch=20):
            for api in (Api.END_TXN, Api.TXN_OFFSET_COMMIT):
                late = proxy.hold(api)
                late.wait()
                time.sleep(12)
                # Several epochs were decided meanwhile, or are about to be.
                time.sleep(3)
                late.release()
                time.sleep(1)
        story.verify()
        run.still_runs()
        run.stop()


def idle_connections_end():
    """Brokers end what is idle for ten minutes. The next commit, an epoch's or a clean stop's, is then one with
    doubt, which costs a rotation and nothing else."""
    story = Story("idle")
    with behind_proxy(story) as proxy:
        run = story.start()
        run.wait_for("claimed at epoch")
        for doubts in (1, 2):
            story.produce(100)
            story.verify()
            proxy.end_connections()
            story.produce(100)
            story.verify()
            story.cluster.admin.wait_for(lambda: run.text().count("followed by doubt") == doubts,
                                         f"not {doubts} times doubt; log {run.log}")
        proxy.end_connections()
        run.stop()
        check("3 doubts, 0 recoveries" in run.text(), f"other doubts, or recoveries; log {run.log}")


def takeover_meets_commits():
    """Between the taker's reading of the cell and that of the positions the other one, which runs on, claims
    again and commits. The two readings do not belong together: both are read once more, and then it is taken."""
    story = Story("meets")
    first = story.started()
    with behind_proxy(story) as proxy:
        fenced = proxy.hold_answer(Api.INIT_PRODUCER_ID)
        taker = story.start("--takeover", state=story.dir / "taker")
        fenced.wait()
        positions = proxy.hold(Api.OFFSET_FETCH, number=2)  # behind the one of the cell
        fenced.release()
        positions.wait()
        story.produce(200)
        story.verify()
        positions.release()
        taker.wait_for("claimed at epoch")
        story.produce(200)
        first.expect(78, "HALT other_owner")
        story.verify()
        taker.stop()


def faults(makers):
    story = Story("faults")
    with behind_proxy(story) as proxy:
        run = story.start()
        run.wait_for("claimed at epoch")
        for make in makers:
            rule = make(proxy)
            story.produce(100)
            rule.wait()
            story.produce(100)
            story.verify()
            run.still_runs()
        run.stop()


tell([many_tails, before_fence, before_lane, lane_written, claim_begun, cell_sent, claim_sent, claim_committed_unseen,
      claim_committed, claim_arrives_late, stable_read_unanswered, killed_before_rows, killed_before_offsets,
      killed_before_mirror, killed_before_commit, killed_before_answer, killed_before_rotation,
      commit_arrives_before_fence, commit_arrives_after_fence, requests_are_cut, requests_are_lost, commits_come_late,
      idle_connections_end, takeover_meets_commits])
