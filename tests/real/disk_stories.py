#!/usr/bin/env python3
"""Disks that are full, and directories that vanish: the state directory's, a file sink's, a file source's. The job
says what is wrong and what to do; nothing is lost, and everything comes once.

  disk_stories.py [STORY...]"""

import collections
import contextlib
import datetime
import json
import os
import shutil
import subprocess
import time

from delivery_stories import SOURCE_OF_FILES, Job
from harness import NothingTold, check, is_kept, tell

BALLAST = 16 << 20


class TwoSinks(Job):
    """Into Kafka and, as a follower, into the files of out/. `files`: more keys of that sink."""

    def __init__(self, name, files="", errors=""):
        super().__init__(name, f"""out: {{ from: shape, KAFKA, format: json }}
  files: {{ from: shape, file: {{ path: out/ }}, format: json{files} }}""")
        self.dead = f"dead.{self.name}"
        self.cluster.admin.create_topic(self.dead, 1, self.cluster.replication)
        self.job.write_text(self.job.read_text() + errors.replace("DEAD", self.dead))

    def change_path(self, old, new):
        self.job.write_text(self.job.read_text().replace(f"path: {old}", f"path: {new}"))

    def file_numbers(self):
        return [json.loads(line)["n"] for part in self.parts.glob(f"{self.name}-0-*") for line in part.read_text().splitlines()]

    def dead_numbers(self):
        out = subprocess.run(["kcat", "-b", self.cluster.brokers, "-t", self.dead, "-C", "-e", "-q", "-o", "beginning",
                              "-X", "isolation.level=read_committed"], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        return [json.loads(line)["n"] for line in out.splitlines()]

    def verify_files(self, elsewhere=(), seconds=120):
        """Every row is in the files or `elsewhere`, once."""
        expected = collections.Counter(n for numbers in self.sent.values() for n in numbers if is_kept(n))
        until = time.monotonic() + seconds
        while len(self.file_numbers()) + len(elsewhere) < sum(expected.values()) and time.monotonic() < until:
            time.sleep(0.1)
        got = collections.Counter(self.file_numbers()) + collections.Counter(elsewhere)
        check(got == expected, f"lost {list(expected - got)[:5]}, twice or foreign {list(got - expected)[:5]}; logs in {self.dir}")


def full_outbox():
    """`when_full: { dlq: dead }`: a file sink that cannot be written fills its outbox, then its rows are dead letters,
    and Kafka gets everything meanwhile. When the sink can be written again the outbox is delivered."""
    story = TwoSinks("outbox", ", outbox: 1MiB, when_full: { dlq: dead }", """errors:
  sinks: { dead: { kafka: { cluster: main, topic: DEAD } } }
""")
    story.parts.write_text("a file where the directory should be")
    run = story.start()
    for _ in range(8):
        story.produce(10_000)
        story.verify()
    run.wait_for("is full: until it has room again its rows are dead letters")
    dead = story.dead_numbers()
    check(dead, "no dead letters came")
    story.parts.unlink()
    # Where the bound was passed while an epoch was open, no row is in both places.
    story.verify_files(story.dead_numbers())
    story.produce(100)
    run.wait_for("has room again")
    story.verify()
    story.verify_files(story.dead_numbers())
    run.stop()


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of that size at `folder`, which ends up with what a story has left there."""
    if os.geteuid() != 0:
        print("not told: only root may mount a file system")
        raise NothingTold
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def remount(folder, how):
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


def fill(disk, left=0):
    """Takes all of the disk but so many KiB; the file that does."""
    path = disk / "fill"
    with contextlib.suppress(OSError), open(path, "ab", buffering=0) as out:
        while out.write(bytes(4096)):
            pass
    os.truncate(path, path.stat().st_size - left * 1024)
    return path


def attempts(run, words):
    """When the first three lines with these words were written."""
    until = time.monotonic() + 60
    while run.text().count(words) < 3 and time.monotonic() < until:
        time.sleep(0.1)
    lines = [json.loads(line) for line in run.text().splitlines()]
    return [datetime.datetime.fromisoformat(line["ts"].rstrip("Z")).timestamp() for line in lines if words in line["message"]][:3]


def follower_disk_full():
    """A file sink's disk is full: Kafka gets everything meanwhile, and with room again the sink does too, once. What
    is said about it is a line per attempt, which become rarer."""
    story = TwoSinks("follower-full")
    with small_disk(story.parts, "4m"):
        run = story.started()
        story.verify_files()
        filler = fill(story.parts)
        for _ in range(3):
            story.produce(2000)
            story.verify()
        run.wait_for("No space left on device")
        run.wait_for("its rows wait in the outbox")
        run.kill()
        run = story.start()
        story.produce(2000)
        story.verify()
        first, second, third = attempts(run, "No space left on device")
        check(third - second > 1.5 * (second - first), f"attempts do not become rarer; log {run.log}")
        filler.unlink()
        story.verify_files()
        run.wait_for("takes rows again")
        run.stop()
        story.end()
        story.parts = story.dir / "out-was-here"


def state_disk_full_with_records():
    """The disk of a state directory with D records fills up under load: the job ends with exit 1, which is worth
    restarting, says where room is missing, and gives its ballast away, so that the next start can recover; input does
    not take that room, however often it is started. Full up to the last block it does not even start, and says so. With
    room again everything comes, once, and the ballast is back."""
    story = TwoSinks("state-full")
    disk = story.dir / "disk"
    with small_disk(disk, "64m"):
        state = disk / "state"
        ballast = state / "weir" / story.name / "ballast"
        run = story.start(state=state)
        story.produce(1000)
        story.verify()
        check(ballast.stat().st_blocks * 512 >= BALLAST, "there is no ballast")
        filler = fill(disk, left=300)
        with story.load(batch=1000):
            run.expect(1, "the disk is full", str(state), "make room", "16 MiB that weir kept", seconds=60)
        check(not ballast.exists(), "the ballast was kept")
        for _ in range(3):
            # What the store gave back at its end is not the ballast's.
            fill(disk, left=15 << 10)
            run = story.start(state=state)
            story.produce(1000)
            run.expect(1, "the disk is full", "make room", seconds=30)
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            check(free > BALLAST // 2, f"{free} bytes are left of the ballast's; log {run.log}")
        fill(disk)
        story.start(state=state).expect(1, "the disk is full", "make room", seconds=30)
        filler.unlink()
        run = story.start(state=state)
        story.verify()
        story.verify_files()
        run.stop()
        check(ballast.stat().st_blocks * 512 >= BALLAST, "the ballast was not made again")
        story.end()


def sink_directory_vanishes():
    """A file sink's directory is removed while the job runs: it is made again. Its parent cannot be: then the rows
    wait, and come when it is back."""
    story = TwoSinks("sink-gone")
    story.change_path("out/", "deep/out/")
    (story.dir / "deep").mkdir()
    story.parts = story.dir / "deep" / "out"
    run = story.started(100)
    story.verify_files()
    gone = story.file_numbers()
    shutil.rmtree(story.parts)
    story.produce(100)
    story.verify()
    story.verify_files(gone)
    gone += story.file_numbers()
    shutil.rmtree(story.dir / "deep")
    story.produce(100)
    story.verify()
    run.wait_for("No such file or directory")
    (story.dir / "deep").mkdir()
    story.verify_files(gone)
    run.stop()


def sink_directory_read_only():
    """A file system becomes read-only below a file sink while the job runs, as one with errors does, and is mended: the
    job says so and goes on, also when it was killed meanwhile, and the rows come once."""
    story = TwoSinks("sink-read-only")
    with small_disk(story.parts, "4m"):
        run = story.started(100)
        story.verify_files()
        remount(story.parts, "ro")
        story.produce(100)
        story.verify()
        run.wait_for("Read-only file system")
        run.kill()
        run = story.start()
        story.produce(100)
        story.verify()
        run.wait_for("Read-only file system")
        remount(story.parts, "rw")
        story.verify_files()
        run.stop()
        story.end()
        story.parts = story.dir / "out-was-here"


def source_directory_vanishes():
    """A file source's directory is gone at the next start: exit 78 names it; when it is back the job goes on."""
    story = Job("source-gone", source=SOURCE_OF_FILES)
    story.add_file(1000)
    story.start().expect(0)
    away = story.dir / "away"
    story.files.rename(away)
    story.start().expect(78, "W3101", str(story.files))
    away.rename(story.files)
    story.add_file(1000)
    story.start().expect(0)
    story.verify(ordered=False)


def source_file_changes():
    """A file becomes shorter, or its bytes before the position change: HALT source_rewritten, and no row of it comes
    twice. Put back, the job goes on."""
    story = Job("rewritten", source=SOURCE_OF_FILES)
    story.add_file(1000)
    story.start().expect(0)
    path = story.files / "00000.ndjson"
    whole = path.read_bytes()
    for changed in (whole[:-100], whole[:-3] + b"9" + whole[-2:]):
        path.write_bytes(changed)
        story.start().expect(78, "HALT source_rewritten", path.name)
        story.verify(wait=False, ordered=False)
    path.write_bytes(whole)
    story.add_file(1000)
    story.start().expect(0)
    story.verify(ordered=False)


if __name__ == "__main__":
    tell([full_outbox, follower_disk_full, state_disk_full_with_records, sink_directory_vanishes, sink_directory_read_only,
          source_directory_vanishes, source_file_changes])
