#!/usr/bin/env python3
"""A first start is killed with -9 at each step of epoch 0, by a proxy that stops at the request which
follows the step; the next start ends in the row that epochs.md names. `start: latest` is resolved once:
records that come between the kill and the second start belong to the job as soon as LANE was written.

  epoch_zero_stories.py [STORY...]"""

from harness import Story, check, tell
from kafka_proxy import Api, Proxy


def killed_at(step, row, lane_written):
    """`step(proxy)` makes the rule that the first start is killed at."""
    story = Story("zero", start="latest", brokers="127.0.0.1:0")
    with Proxy(story.cluster) as proxy:
        story.config.write_text(story.config.read_text().replace("127.0.0.1:0", proxy.address))
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
    story = Story("zero-late", start="latest", brokers="127.0.0.1:0")
    with Proxy(story.cluster) as proxy:
        story.config.write_text(story.config.read_text().replace("127.0.0.1:0", proxy.address))
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
    with Proxy(story.cluster) as proxy:
        story.config.write_text(story.config.read_text().replace(story.cluster.brokers, proxy.address))
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


tell([before_fence, before_lane, lane_written, claim_begun, cell_sent, claim_sent, claim_committed_unseen,
      claim_committed, claim_arrives_late, stable_read_unanswered])
