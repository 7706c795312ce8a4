#!/usr/bin/env python3
"""What a person or a machine sees of a running job, and the ticks of `trigger: { every: ... }`.

  front_stories.py [STORY...]"""

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time

from harness import WEIR, Story, check, tell


def trigger_every():
    """Between two ticks nothing is read; at a tick, what is there then. A stop does not wait for the next."""
    story = Story("ticks", extra="trigger: { every: 4s }")
    story.produce(100)
    run = story.start()
    story.verify()  # the first tick is at once
    epoch = story.cell()[0]
    for _ in range(10):
        story.produce(20)
        time.sleep(0.2)
    story.verify()
    # Read as they came, they would have been some ten epochs of 200 ms.
    ticks = story.cell()[0] - epoch
    check(1 <= ticks <= 3, f"{ticks} epochs for the records of two or three ticks; log {run.log}")
    run.kill()
    story.produce(100)
    run = story.start()
    story.verify()
    began = time.monotonic()
    run.stop(seconds=3)
    check(time.monotonic() - began < 2.5, f"the stop waited for a tick; log {run.log}")


class Screen:
    """What a terminal shows after the bytes it got: lines, and the row that the cursor is in."""

    def __init__(self, data):
        self.lines, self.row, self.rows_seen = [], "", set()
        column = 0
        for token in re.findall(r"\x1b\[[?0-9]*[A-Za-z]|\r|\n|.", data, re.DOTALL):
            if token == "\x1b[K":
                self.rows_seen.add(self.row)
                self.row = self.row[:column]
            elif token.startswith("\x1b"):
                check(token in ("\x1b[?7l", "\x1b[?7h"), f"{token!r} was sent to the terminal")
            elif token == "\r":
                column = 0
            elif token == "\n":
                self.lines.append(self.row)
                self.row, column = "", 0
            else:
                self.row = self.row[:column].ljust(column) + token + self.row[column + 1:]
                column += 1


def on_terminal(story, seconds, columns):
    """Runs the job that long with a terminal on stderr; what the terminal got."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([WEIR, "run", str(story.job), "--config", str(story.config), "--state-dir",
                                str(story.state)], stdin=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    timer = threading.Timer(seconds, process.send_signal, [signal.SIGTERM])
    timer.start()
    data = b""
    while True:
        try:
            got = os.read(main, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not got:
            break
        data += got
    os.close(main)
    timer.cancel()
    check(process.wait() == 0, f"weir ended with {process.returncode}: {data!r}")
    return data.decode()


def status_line():
    """On a terminal: text, below it one row that follows the job, and at the end a summary and no such row."""
    story = Story("terminal")
    with story.load():
        screen = Screen(on_terminal(story, 5, columns=100))
    check(screen.row == "", f"the status line was left behind: {screen.row}")
    for line in screen.lines:
        check(re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\S+Z (INFO |WARN |ERROR) job={story.name} lane=0 .*", line),
              f"a torn line: {line!r}")
    check(any("claimed at epoch 0" in line for line in screen.lines), f"no claim in {screen.lines}")
    check(re.search(r"stopped at epoch \d+: \d+ records in, \d+ rows out, .* start to claim \d+ ms, "
                    r"to first record taken \d+ ms$", screen.lines[-1]), f"no summary: {screen.lines[-1]}")
    running = [row for row in screen.rows_seen if f"{story.name} running · epoch " in row]
    check(any(re.search(r" · \d+/s in · \d+/s out · ", row) for row in running), f"no rates in {screen.rows_seen}")
    check(all(len(row) <= 100 for row in screen.rows_seen), "a row is wider than the terminal")


def json_lines():
    """Anywhere else: lines of JSON, each with the job and its lane, those of an epoch with its number."""
    story = Story("lines")
    run = story.started()
    run.stop()
    lines = [json.loads(line) for line in run.text().splitlines()]
    check(lines and all(line["job"] == story.name and line["lane"] == "0" for line in lines), f"log {run.log}")
    check(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"]) for line in lines), f"log {run.log}")
    check({line["level"] for line in lines} <= {"info", "warn", "error"}, f"log {run.log}")
    claim = next(line for line in lines if "claimed at epoch" in line["message"])
    check(claim["epoch"] == 0, f"log {run.log}")


def no_broker():
    """Nobody listens: the job waits, says for whom, why and what to do, and can be stopped. What each of its
    connections says of it is said once."""
    story = Story("nobody", brokers="127.0.0.1:1")
    run = story.start()
    run.wait_for("127.0.0.1:1", seconds=20)
    run.stop(seconds=10)
    run = story.start()
    run.wait_for("waiting_for_kafka (W3001)", seconds=60)
    time.sleep(20)
    run.still_runs()
    run.stop(seconds=10)
    lines = [json.loads(line)["message"] for line in run.text().splitlines()]
    waiting = [line for line in lines if line.startswith("waiting_for_kafka (W3001)")]
    check(all("127.0.0.1:1" in line and "Check `brokers`" in line for line in waiting), f"log {run.log}")
    said = [line for line in lines if line.startswith("kafka ")]
    check(len(said) == len(set(said)) <= 3, f"the same is said again; log {run.log}")


def skipped_example():
    """`errors: skip` shows the first record that it leaves out, where it stands and why; the others of its kind are
    counted, whichever worker meets them."""
    story = Story("skips", extra="errors: { decode: skip }\ntrigger: available_now")
    for partition in range(story.partitions):
        story.produce_raw("{", partition)
    story.produce(100)
    run = story.start()
    run.expect(0, f"record numbers/{story.input}/", f" {story.partitions} skipped", seconds=30)
    check(run.text().count("is left out by") == 1, f"log {run.log}")
    story.verify(wait=False)


def state_directory_read_only():
    """Exit 78 with the path, whoever runs it."""
    story = Story("read-only")
    if os.geteuid() != 0:
        story.state.mkdir(mode=0o500)
        story.start().expect(78, "W4102", str(story.state), seconds=20)
        return
    # Root may write anywhere: nobody runs a copy of the program.
    story.dir.chmod(0o755)
    story.state.mkdir(mode=0o755)
    program = story.dir / "weir"
    shutil.copy(WEIR, program)
    done = subprocess.run([program, "run", story.job, "--config", story.config, "--state-dir", story.state],
                          user="nobody", stderr=subprocess.PIPE, text=True, timeout=20)
    check(done.returncode == 78 and "W4102" in done.stderr and str(story.state) in done.stderr,
          f"exit {done.returncode}: {done.stderr}")


def state_disk_full():
    """Exit 1, which is worth restarting, and says so; with room again the job goes on. Needs root, for a small
    file system."""
    if os.geteuid() != 0:
        print("not told: only root may mount a file system")
        return
    story = Story("disk-full")
    story.produce(100)
    disk = story.dir / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        for left in (0, 16, 64):  # KiB
            fill = disk / "fill"
            with contextlib.suppress(OSError), open(fill, "wb", buffering=0) as out:
                while out.write(bytes(4096)):
                    pass
            os.truncate(fill, fill.stat().st_size - left * 1024)
            story.start(state=disk / "state").expect(1, "the disk is full", seconds=20)
            fill.unlink()
        run = story.start(state=disk / "state")
        story.verify()
        run.stop()
    finally:
        story.end()
        subprocess.run(["umount", disk], check=True)


def standard_files_closed():
    """Nothing that the job opens gets their numbers, and with them its log."""
    story = Story("closed")
    story.produce(500)
    command = [WEIR, "run", str(story.job), "--config", str(story.config), "--state-dir", str(story.state)]
    process = subprocess.Popen(["bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash", *command])
    try:
        story.verify()
        files = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
        check(files == ["/dev/null"] * 3, f"standard files are {files}")
        process.send_signal(signal.SIGTERM)
        check(process.wait(30) == 0, f"exit {process.returncode}")
    finally:
        process.kill()


def log_not_read():
    """A full pipe on stderr stops neither the job nor its end; read again, it says what was left out."""
    story = Story("unread")
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4095 + b"\n")
    process = subprocess.Popen([WEIR, "run", str(story.job), "--config", str(story.config), "--state-dir",
                                str(story.state)], stderr=writer)
    os.close(writer)
    try:
        with story.load():
            time.sleep(3)
        story.verify()
        os.read(reader, 4096)
        process.send_signal(signal.SIGTERM)
        check(process.wait(30) == 0, f"exit {process.returncode}")
        log = os.read(reader, 65536).decode()
        check("left out: nobody read them" in log, f"the log is {log}")
    finally:
        process.kill()
        os.close(reader)


tell([trigger_every, status_line, json_lines, no_broker, skipped_example,
      state_directory_read_only, state_disk_full,
      standard_files_closed, log_not_read])
