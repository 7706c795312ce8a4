#!/usr/bin/env python3
"""What happens to the offsets that a job stands on: the cell in its epoch topic and the mirror in the
user's group are reset, deleted, expired, or somebody else's. Rows and HALTs of epochs.md, section 4.

  position_stories.py [STORY...]"""

import shutil
import subprocess
import time

from harness import LONG, OnlyLong, Story, check, own, tell


def group_reset_while_stopped():
    """Somebody resets the group, perhaps on purpose: HALT foreign_offsets, and the output stays as it is."""
    story = Story("reset")
    story.started().stop()
    story.cluster.admin.commit_offsets(story.group, story.input, {p: 0 for p in range(4)})
    story.start().expect(78, "HALT foreign_offsets", "adopt", "restore", "reset")
    story.verify()


def group_reset_after_kill():
    """The mirror was the only record of where epoch c ended: HALT positions_expired."""
    story = Story("reset-killed")
    story.started().kill()
    story.cluster.admin.commit_offsets(story.group, story.input, {p: 0 for p in range(4)})
    story.start().expect(78, "HALT positions_expired", "adopt", "restore", "reset")
    story.verify()


def group_reset_while_running():
    """Overwritten by each partition's next commit."""
    story = Story("reset-running")
    run = story.started()
    story.cluster.admin.commit_offsets(story.group, story.input, {p: 0 for p in range(4)})
    story.produce(500)
    story.verify()
    run.kill()
    story.produce(100)
    run = story.start()
    story.verify()
    run.stop()
    story.verify_up_to_mirror()


def group_deleted_while_stopped():
    story = Story("gone")
    story.started().stop()
    story.cluster.admin.delete_group(story.group)
    story.start().expect(78, "HALT foreign_offsets")
    story.verify()


def group_deleted_after_kill():
    story = Story("gone-killed")
    story.started().kill()
    story.cluster.admin.delete_group(story.group)
    story.start().expect(78, "HALT positions_expired")
    story.verify()


def one_offset_deleted_after_kill():
    """One partition's offset is enough: never LANE's older position, never the beginning."""
    story = Story("hole")
    story.started().kill()
    story.cluster.admin.delete_offsets(story.group, story.input, [2])
    story.start().expect(78, "HALT positions_expired", f"{story.input}/2")
    story.verify()


def everything_deleted_while_stopped():
    """Cell and mirror gone, as when both expire: row T6, the clean stop's positions win."""
    story = Story("amnesia")
    story.started().stop()
    story.cluster.admin.delete_group(story.group)
    story.cluster.admin.delete_group(story.cell_group)
    go_on_from_local(story)


def everything_deleted_after_kill():
    """Row T6 without the clean-stop mark: HALT positions_expired."""
    story = Story("amnesia-killed")
    story.started().kill()
    story.cluster.admin.delete_group(story.group)
    story.cluster.admin.delete_group(story.cell_group)
    run = story.start()
    run.expect(78, "HALT positions_expired")
    check(run.row() == "T6", f"recovery ended in row {run.row()}")
    story.verify()


def go_on_from_local(story):
    story.produce(200)
    run = story.start()
    story.verify()
    run.stop()
    check(run.row() == "T6", f"recovery ended in row {run.row()}")
    check(sum(story.mirror().values()) == story.next, "the claim did not write the whole mirror")


def offsets_expired():
    """The broker itself expires them, offsets.retention.minutes=1: one job was stopped cleanly and goes
    on, one was killed and halts. (The broker's shortest retention is a minute: the long form only; the
    two stories before this one delete the same offsets.)"""
    if not LONG:
        raise OnlyLong
    with own("retention", "--property", "offsets.retention.minutes=1",
             "--property", "offsets.retention.check.interval.ms=1000") as cluster:
        stopped, killed = Story("expired", cluster), Story("expired-killed", cluster)
        stopped.started().stop()
        killed.started().kill()
        until = time.monotonic() + 180
        while any(story.cell() or story.mirror() for story in (stopped, killed)):
            check(time.monotonic() < until, "offsets do not expire")
            time.sleep(1)
        go_on_from_local(stopped)
        killed.start().expect(78, "HALT positions_expired")
        killed.verify()


def epoch_topic_deleted_while_running():
    """Deleting the topic deletes every job's cell. A job that runs makes the topic anew, finds no cell
    and halts, because its last positions are nowhere but in the mirror: row T6."""
    story = Story("epochs")
    run = story.started()
    with story.load():
        time.sleep(0.5)
        story.cluster.admin.delete_topic(story.epochs)
        run.expect(78, "HALT positions_expired")
    check(run.row() == "T6", f"recovery ended in row {run.row()}")
    story.verify_up_to_mirror()
    story.start().expect(78, "HALT positions_expired")
    story.verify_up_to_mirror()


def epoch_topic_recreated_while_running():
    """Deleted and made again at once by a person. The job goes on, or halts as above; it loses and
    doubles nothing."""
    story = Story("epochs-again")
    run = story.started()
    with story.load():
        time.sleep(0.5)
        story.cluster.admin.delete_topic(story.epochs)
        story.cluster.admin.create_topic(story.epochs, 1)
        time.sleep(3)
    if run.process.poll() is None:
        story.verify()
        run.stop()
    else:
        run.expect(78, "HALT positions_expired")
        story.verify_up_to_mirror()


def epoch_topic_deleted_after_kill():
    """Row T6 again, whether somebody makes the topic anew before the start or not."""
    for again in (False, True):
        story = Story("epochs-killed")
        story.started().kill()
        story.cluster.admin.delete_topic(story.epochs)
        if again:
            story.cluster.admin.create_topic(story.epochs, 1)
        run = story.start()
        run.expect(78, "HALT positions_expired")
        check(run.row() == "T6", f"recovery ended in row {run.row()}")
        story.verify()
        story.verify_up_to_mirror()


def epoch_topic_deleted_while_stopped():
    """The clean stop's mark: positions are known, the job goes on. Row T6."""
    story = Story("epochs-stopped")
    story.started().stop()
    story.cluster.admin.delete_topic(story.epochs)
    go_on_from_local(story)


def foreign_cell():
    """Somebody's plain commit stands where the cell was: row T2."""
    story = Story("foreign")
    story.started().stop()
    story.cluster.admin.commit_offsets(story.cell_group, story.epochs, {0: 7}, "mine")
    run = story.start()
    run.expect(78, "HALT foreign_cell")
    story.verify()


def older_cell():
    """The cell says less than the machine has seen committed, as after a restore of the cluster: row T13."""
    story = Story("regressed")
    run = story.started()
    early = story.cell()
    story.produce(300)
    story.verify()
    run.stop()
    story.cluster.admin.commit_offsets(story.cell_group, story.epochs, {0: early[0]}, early[1])
    run = story.start()
    run.expect(78, "HALT decider_regressed")
    check(run.row() == "T13", f"recovery ended in row {run.row()}")
    story.verify()


def state_and_cell_lost():
    """A new machine, and the cell is gone, but the group holds what this job wrote: HALT identity_lost."""
    story = Story("identity")
    story.started().stop()
    shutil.rmtree(story.state)
    story.cluster.admin.delete_group(story.cell_group)
    run = story.start()
    run.expect(78, "HALT identity_lost")
    check(run.row() == "T3", f"recovery ended in row {run.row()}")
    story.verify()


def group_in_use():
    """The group has somebody's offsets. Without `start` in the file: HALT group_in_use. `start: committed`
    takes them, but not from under live members. Those of another job of weir's are taken by it alone: with
    another `start` they would be overwritten."""
    story = Story("in-use", start="committed")
    story.start().expect(78, "HALT no_offsets", "has no offsets", f"{story.job}:", "start: earliest")
    story.produce(100)
    ends = {p: end for p, end in enumerate(log_ends(story))}
    story.cluster.admin.commit_offsets(story.group, story.input, ends)
    story.sent.clear()  # what stands before the offsets is not expected
    member = subprocess.Popen(["kcat", "-b", story.cluster.brokers, "-G", story.group, story.input, "-X",
                               "enable.auto.commit=false"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(4)  # a group's first member waits for others for a while
        story.start().expect(78, "HALT group_in_use", "live members")
    finally:
        member.terminate()
        member.wait()
    story.produce(200)
    run = story.start()
    story.verify()
    run.stop()
    story.job.write_text(story.job.read_text().replace(", start: committed", "").replace("job: ", "job: other-")
                         .replace("cluster: main, topics", f"cluster: main, group: {story.group}, topics"))
    story.start(state=story.dir / "other").expect(78, "HALT group_in_use", "start: committed")
    marked = story.cluster.admin.offsets(story.group, story.input, range(story.partitions))
    without_start = story.job.read_text()
    story.job.write_text(without_start.replace("cluster: main, group", "cluster: main, start: earliest, group"))
    story.start(state=story.dir / "other").expect(78, "HALT group_in_use", f'job \\"{story.name}\\"')
    check(story.cluster.admin.offsets(story.group, story.input, range(story.partitions)) == marked,
          "the other job's positions were overwritten")
    story.job.write_text(without_start.replace("cluster: main, group", "cluster: main, start: committed, group"))
    run = story.start(state=story.dir / "other")
    story.produce(100)
    story.verify()
    run.stop()
    check(f'job \\"{story.name}\\"' in run.text(), f"whose positions were taken is not said; log {run.log}")


def log_ends(story):
    wanted = [word for p in range(story.partitions) for word in ("-t", f"{story.input}:{p}:-1")]
    out = subprocess.run(["kcat", "-b", story.cluster.brokers, "-Q", *wanted], check=True, stdout=subprocess.PIPE).stdout
    return [int(line.rsplit(b" ", 1)[1]) for line in out.splitlines()]


tell([group_reset_while_stopped, group_reset_after_kill, group_reset_while_running, group_deleted_while_stopped,
      group_deleted_after_kill, one_offset_deleted_after_kill, everything_deleted_while_stopped,
      everything_deleted_after_kill, offsets_expired, epoch_topic_deleted_while_running,
      epoch_topic_recreated_while_running, epoch_topic_deleted_after_kill, epoch_topic_deleted_while_stopped,
      foreign_cell, older_cell, state_and_cell_lost, group_in_use])
