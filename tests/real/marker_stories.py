#!/usr/bin/env python3
"""Jobs and their markers: stopped by a deletion, whatever the place of the marker does meanwhile.

  marker_stories.py [STORY...]"""

import os
import shutil
import signal
import time

from harness import Story, check, tell


def marked(name, path=None, every="200ms", at_start="create"):
    """A story whose job has a marker: at `path`, else in the story's own folder."""
    story = Story(name, extra="stop: { drain_timeout: 20s }")
    story.marker = path or story.dir / "running"
    text = story.job.read_text()
    story.job.write_text(text.replace(
        "stop: {", f"stop: {{ marker: {{ path: \"{story.marker}\", check_every: {every}, at_start: {at_start} }},"))
    return story


def marker_deleted():
    """Under load: the open epoch is finished, exit 0, nothing lost or doubled; the next start makes it again."""
    story = marked("deleted")
    run = story.started()
    run.wait_for("was made")
    with story.load():
        epoch = story.cell()[0]
        while story.cell()[0] < epoch + 3:
            run.still_runs()
            time.sleep(0.1)
        story.marker.unlink()
        run.expect(0, f"stopped: the marker {story.marker} was deleted", seconds=30)
    run = story.start()
    run.wait_for("was made")
    story.verify()
    check(story.marker.is_file(), "the marker was not made again")
    run.stop()
    check(story.marker.is_file(), "a stop by signal took the marker away")
    # That stop was one too: somebody who deletes the marker now is not obeyed by the next start.
    story.marker.unlink()
    run = story.start()
    run.wait_for("was made")
    run.stop()


def marker_deleted_while_down():
    """The job was killed: a deletion of meanwhile is the stop, once, however often it is started."""
    story = marked("down")
    run = story.started()
    run.kill()
    story.produce(300)
    run = story.start()
    run.wait_for("is there")
    story.verify()
    run.kill()
    story.marker.unlink()
    epoch = story.cell()
    story.produce(300)
    story.start().expect(0, "was deleted while the job was down", seconds=20)
    check(story.cell() == epoch, "the job ran though its marker was deleted")
    check(not story.marker.exists(), "the deleted marker was made again")
    run = story.start()
    story.verify()
    check(story.marker.exists(), "the start after the stop made no marker")
    run.stop()


def marker_required():
    """Without the marker exit 78; where it cannot be told the job waits; somebody makes it, and it runs."""
    story = marked("required", at_start="require")
    story.start().expect(78, "W4201", str(story.marker), seconds=20)
    away = story.dir / "away"
    story.marker = away / "running"
    story.job.write_text(story.job.read_text().replace("/running", "/away/running"))
    story.produce(200)
    run = story.start()
    run.wait_for("cannot be told")
    check(story.cell() is None, "the job ran before its marker was seen")
    away.mkdir()
    story.marker.touch()
    story.verify()
    shutil.rmtree(away)
    # With its directory it may as well be on a file system that is not mounted.
    story.produce(200)
    run.wait_for("running on")
    story.verify()
    away.mkdir()
    run.expect(0, "was deleted", seconds=20)
    shutil.rmtree(away)
    run = story.start()
    run.wait_for("cannot be told")
    run.stop(seconds=10)


def marker_is_odd():
    """A FIFO is refused and not waited for; a directory that appears late gets its marker."""
    story = marked("odd")
    os.mkfifo(story.marker)
    story.start().expect(78, "W4202", "it is a FIFO", seconds=20)
    story.marker.unlink()
    story.marker = story.dir / "later/running"
    story.job.write_text(story.job.read_text().replace("/running", "/later/running/"))
    run = story.started()
    run.wait_for("cannot be made")
    story.marker.parent.mkdir()
    run.wait_for("was made")
    check(story.marker.is_dir(), "a path with a / at its end is made as a directory")
    # A stop by signal while the marker drains the job is not its second stop.
    with story.load():
        story.marker.rmdir()
        run.wait_for("stopping")
        run.process.send_signal(signal.SIGTERM)
        run.expect(0, "was deleted", seconds=20)
    check("given up" not in run.text(), f"the open epoch was given up; log {run.log}")


tell([marker_deleted, marker_deleted_while_down, marker_required, marker_is_odd])
