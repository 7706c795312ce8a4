#!/usr/bin/env python3
"""One job, two processes: started twice by mistake, moved, copied, restored from an older copy. One
of them works on undisturbed, the other one says so and ends (epochs.md, section 4, steps 2 to 4).

  ownership_stories.py [STORY...]"""

import random
import shutil
import time

from harness import Story, check, tell


def copied(state, to):
    """What a person's copy of a state directory holds; the sockets below `run` are no files."""
    shutil.copytree(state, to, ignore=shutil.ignore_patterns("*.sock"))


def clean_stop():
    """Row T8: stopped cleanly and started again, with records that came meanwhile."""
    story = Story("clean")
    story.started().stop()
    story.produce(200)
    run = story.start()
    story.verify()
    run.stop()
    check(run.row() == "T8", f"recovery ended in row {run.row()}")


def kill_and_restart():
    """Row T12: killed with -9 under load; a light lane's truth is the cell and the mirror."""
    story = Story("kill")
    run = story.started()
    with story.load():
        time.sleep(1.5)
        run.kill()
        time.sleep(0.5)
        run = story.start()
        run.wait_for("claimed at epoch")
    story.verify()
    run.stop()
    check(run.row() == "T12", f"recovery ended in row {run.row()}")


def second_run_same_state():
    """The second waits 10 s for the lock, exits 1 and names the first, which works on. Stopped while it waits, it ends
    as asked."""
    story = Story("same")
    run = story.started()
    with story.load():
        began = time.monotonic()
        second = story.start()
        second.expect(1, str(run.pid))
        waited = time.monotonic() - began
        check(9 < waited < 20, f"waited {waited:.1f} s for the lock")
        second = story.start()
        second.wait_for_handlers()
        second.stop()
    story.verify()
    run.stop()
    check("recovering" not in run.text(), f"the first was disturbed; log {run.log}")


def second_run_other_state():
    """HALT other_owner, without fencing: the first does not even recover."""
    story = Story("other")
    run = story.started()
    with story.load():
        for attempt in range(3):
            story.start(state=story.dir / f"other-{attempt}").expect(78, "HALT other_owner")
    story.verify()
    run.stop()
    check("recovering" not in run.text(), f"the first was disturbed; log {run.log}")


def takeover():
    """A job is moved with --takeover; the old machine that comes back halts."""
    story = Story("takeover")
    story.started().kill()
    story.produce(200)
    run = story.start("--takeover", state=story.dir / "second")
    story.verify()
    check(run.row() == "T4", f"recovery ended in row {run.row()}")
    with story.load():
        story.start().expect(78, "HALT other_owner")
    story.verify()
    run.stop()
    # Both machines know the owner now, and only the second is it.
    story.start().expect(78, "HALT other_owner")
    run = story.start(state=story.dir / "second")
    story.produce(100)
    story.verify()
    run.stop()


def takeover_while_running():
    """--takeover given by mistake while the first runs: the first halts, nothing is lost."""
    story = Story("seized")
    first = story.started()
    with story.load():
        second = story.start("--takeover", state=story.dir / "second")
        first.expect(78, "HALT other_owner")
        second.wait_for("claimed at epoch")
    story.verify()
    second.stop()


def older_copy():
    """A state directory restored from an older copy halts, because others have claimed since."""
    story = Story("older")
    story.started().stop()
    copied(story.state, story.dir / "copy")
    run = story.start()
    story.produce(200)
    story.verify()
    run.stop()
    shutil.rmtree(story.state)
    copied(story.dir / "copy", story.state)
    run = story.start()
    run.expect(78, "HALT other_owner", "older copy")
    story.verify()
    # The way out that the message names.
    story.produce(100)
    run = story.start("--takeover")
    story.verify()
    run.stop()


def older_copy_of_killed():
    """The copy was taken while the job ran, and the job was killed later: the copy knows the owner,
    and the cell what it missed. Row T12."""
    story = Story("snapshot")
    run = story.started()
    copied(story.state, story.dir / "copy")
    story.produce(300)
    story.verify()
    run.kill()
    shutil.rmtree(story.state)
    copied(story.dir / "copy", story.state)
    story.produce(200)
    run = story.start()
    story.verify()
    run.stop()
    check(run.row() == "T12", f"recovery ended in row {run.row()}")


def copied_to_second_machine():
    """A copy of the directory is started while the original runs under load: HALT other_owner, whether
    the copy was taken before or after the original claimed."""
    story = Story("copied")
    story.started().stop()
    copied(story.state, story.dir / "before")
    run = story.start()
    run.wait_for("claimed at epoch")
    with story.load():
        story.start(state=story.dir / "before").expect(78, "HALT other_owner")
    story.verify()
    run.stop()


def copy_of_running_started():
    """The copy holds the running one's own id, so it may fence it. One of the two goes on, the other
    halts, and no record is lost or doubled."""
    story = Story("twins")
    first = story.started()
    copied(story.state, story.dir / "twin")
    with story.load():
        second = story.start(state=story.dir / "twin")
        survivor = one_survives(first, second)
    story.verify()
    survivor.stop()


def both_started_at_once():
    """Two copies of one stopped directory, started within milliseconds of each other: one claims, the
    other one halts or never gets through."""
    story = Story("race")
    story.started(100).stop()
    for race in range(4):
        twin = story.dir / f"twin-{race}"
        copied(story.state, twin)
        with story.load(batch=20):
            first = story.start()
            time.sleep(random.uniform(0, 0.6))
            second = story.start(state=twin)
            survivor = one_survives(first, second)
        story.verify()
        survivor.stop()
        if survivor is second:
            shutil.rmtree(story.state)
            copied(twin, story.state)


def one_survives(first, second, seconds=60):
    until = time.monotonic() + seconds
    while first.process.poll() is None and second.process.poll() is None:
        check(time.monotonic() < until, f"both run on after {seconds} s; logs {first.log}, {second.log}")
        time.sleep(0.1)
    loser, survivor = (first, second) if first.process.poll() is not None else (second, first)
    loser.expect(78, "HALT other_owner")
    survivor.still_runs()
    return survivor


tell([clean_stop, kill_and_restart, second_run_same_state, second_run_other_state, takeover, takeover_while_running,
      older_copy, older_copy_of_killed, copied_to_second_machine, copy_of_running_started, both_started_at_once])
