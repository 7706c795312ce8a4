"""A story in which a person gives `weir offsets` commands, each as a HALT printed it; what came out is then
compared with what the commands announced."""

import collections
import json
import re
import shlex
import subprocess
import time

from harness import WEIR, Story, check, is_kept


class Offsets(Story):
    def __init__(self, name, **options):
        super().__init__(name, **options)
        # A shell must be told, in what messages print too.
        self.job = self.job.rename(self.dir / "the job.yaml")
        self.allowed = collections.Counter()   # n -> rows more (or fewer) than one, as announced
        self.at_most = collections.Counter()   # n -> rows more that may be there

    @classmethod
    def stopped(cls, name, records=500, **options):
        """A job that took `records` and was stopped."""
        story = cls(name, **options)
        story.started(records).stop()
        return story

    @classmethod
    def killed(cls, name, more=300):
        """A job that was stopped once, started again, and killed after `more` records."""
        story = cls.stopped(name)
        story.started(more).kill()
        return story

    def split(self, partition):
        return f"numbers/{self.input}/{partition}"

    def commit_group(self, offset_of):
        """Somebody else's commit to the job's group."""
        self.cluster.admin.commit_offsets(self.group, self.input, {p: offset_of(p) for p in range(self.partitions)})

    # Commands.

    def command(self, *words, state=None):
        return [WEIR, "offsets", str(self.job), "--config", str(self.config), "--state-dir", str(state or self.state), *words]

    def say(self, command):
        """Exit code and what the command says on both channels; there is no terminal."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180)
        said = done.stdout.decode()
        with open(self.dir / "offsets.log", "a") as log:
            log.write(f"$ {shlex.join(command)}\n{said}exit {done.returncode}\n")
        return done.returncode, said

    def offsets(self, *words, code=0, state=None):
        got, said = self.say(self.command(*words, state=state))
        check(got == code, f"{words}: exit {got} instead of {code}: {said}; logs in {self.dir}")
        return said

    def look(self, state=None):
        return json.loads(self.offsets("show", "--json", state=state))

    def follow(self, text, words, code=0):
        """Gives the command that `text` prints with `words`, as it is printed; what it says."""
        lines = [line.strip() for line in text.splitlines() if line.strip().startswith("weir offsets ")]
        printed = [line for line in lines if f" {words}" in line]
        check(printed, f"no command with '{words}' in: {text}; logs in {self.dir}")
        # What it does stands behind three blanks.
        command = shlex.split(re.split(r" {3,}", printed[0])[0])
        got, said = self.say([WEIR, *command[1:], "--yes"])
        check(got == code, f"{command}: exit {got} instead of {code}: {said}; logs in {self.dir}")
        return said

    # Starts.

    def halts(self, name, *arguments, state=None, foreseen=True):
        """Runs the job into a HALT, which show has foreseen unless only reading finds it, and returns its text."""
        if foreseen and state is None and not arguments:
            next_start = self.look()["next_start"]
            # What the killed job left open is unknown to who fences nobody.
            check(next_start["halt"] == name or not next_start["row"], f"show foresees {next_start}, not {name}; logs in {self.dir}")
        run = self.start(*arguments, state=state)
        run.expect(78, f"HALT {name}")
        return "\n".join(json.loads(line)["message"] for line in run.text().splitlines() if line.startswith("{"))

    def goes_on(self, records=100):
        """The job starts without a HALT and takes what is there and what comes."""
        run = self.start()
        self.produce(records)
        until = time.monotonic() + 90
        while self.lag() != 0:
            run.still_runs()
            check(time.monotonic() < until, f"{self.lag()} offsets behind after 90 s; logs in {self.dir}")
            time.sleep(0.2)
        run.stop()
        next_start = self.look()["next_start"]
        check(next_start["row"] == "T8" and not next_start["halt"], f"the next start: {next_start}; logs in {self.dir}")
        return run

    def lag(self):
        lags = [split["lag"] for split in self.look()["splits"]]
        return sum(lags) if lags and None not in lags else None

    # What was announced, and what came out.

    def announced(self, said, records=None):
        """Takes note of what a command announces, to hold the output against; (skipped, read again) in all."""
        records = records or self.input_records()
        total = re.search(r"In all: (up to )?(\d+) offsets are skipped, (?:up to )?(\d+) are read again", said)
        check(total or "No offset is skipped, none is read again." in said, f"no totals in: {said}")
        skipped = again = 0
        for partition, rest in re.findall(rf"^numbers/{re.escape(self.input)}/(\d+) +(?:\d+|-) +\d+ +(.*)$", said, re.M):
            for verb, count, first, behind in re.findall(r"(skips|reads) (\d+) \(from (\d+) up to (\d+)\)", rest):
                check(int(count) == int(behind) - int(first), f"{count} is not the number of offsets in: {rest}")
                for offset in range(int(first), int(behind)):
                    if (int(partition), offset) in records:
                        self.allowed[records[int(partition), offset]] += 1 if verb == "reads" else -1
                skipped, again = skipped + int(count) * (verb == "skips"), again + int(count) * (verb == "reads")
            bound = re.search(r"reads up to (\d+) again", rest)
            if bound:
                ends = [offset for number, offset in records if number == int(partition)]
                for offset in range(max(ends) + 1 - int(bound[1]), max(ends) + 1):
                    self.at_most[records[int(partition), offset]] += 1
                again += int(bound[1])
        if total:
            check((int(total[2]), int(total[3])) == (skipped, again), f"totals differ from the lines: {said}")
        return skipped, again

    def verify_announced(self):
        """Every number's rows are as many as the commands announced; nothing foreign."""
        counts = collections.Counter(json.loads(value)["n"] for _, value in self.rows())
        for n in sorted({n for numbers in self.sent.values() for n in numbers}):
            least = 1 + self.allowed[n] if is_kept(n) else 0
            most = least + self.at_most[n] if is_kept(n) else 0
            got = counts.pop(n, 0)
            check(least <= got <= most, f"n={n}: {got} rows, {least} to {most} announced; logs in {self.dir}")
        check(not counts, f"foreign rows {list(counts)[:5]}; logs in {self.dir}")
