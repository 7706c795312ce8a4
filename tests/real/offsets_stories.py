#!/usr/bin/env python3
"""The HALTs of epochs.md, section 4, and the commands that lead out of each: given as the HALT prints
them, they announce in numbers what comes out, and the job goes on.

  offsets_stories.py [STORY...]"""

import os
import pty
import random
import shutil
import subprocess
import time

from harness import check, tell
from offsets import Offsets


def foreign_offsets():
    """Somebody moved the group: by mistake, and the job's own positions go back; on purpose, and its
    offsets become the positions."""
    story = Offsets.stopped("foreign")
    story.commit_group(lambda p: 10 * p)
    said = story.follow(story.halts("foreign_offsets"), "restore")
    check(story.announced(said) == (0, 0), said)
    story.goes_on()
    story.verify_announced()
    # Two partitions back, the others beyond some records that nobody has read.
    story.produce(200)
    ends = {split["split"]: split["end"] for split in story.look()["splits"]}
    story.commit_group(lambda p: 10 * p if p < 2 else ends[f"{story.input}/{p}"] - 2)
    said = story.follow(story.halts("foreign_offsets"), "adopt")
    skipped, again = story.announced(said)
    check(skipped > 0 and again > 0, said)
    story.goes_on()
    story.verify_announced()
    check("nothing to do" in story.offsets("adopt", "--yes"), "adopt did something twice")


def cell_expired():
    """The group still has this job's own marks, so nothing is lost or read twice."""
    story = Offsets.killed("expired")
    story.cluster.admin.delete_group(story.cell_group)
    said = story.follow(story.halts("positions_expired"), "adopt")
    check(story.announced(said) == (0, 0), said)
    story.goes_on()
    story.verify_announced()


def cell_and_marks_expired():
    """Only this machine's record is left, 300 records old: there is nothing to adopt, and restore says
    how many it reads again at most."""
    story = Offsets.killed("older")
    story.cluster.admin.delete_group(story.cell_group)
    story.cluster.admin.delete_group(story.group)
    text = story.halts("positions_expired")
    story.follow(text, "adopt", code=78)
    said = story.follow(text, "restore")
    check(story.announced(said) == (0, 300), said)
    story.goes_on()
    story.verify_announced()


def marks_expired():
    """Row T12 without a mirror."""
    story = Offsets.killed("marks")
    story.cluster.admin.delete_group(story.group)
    said = story.follow(story.halts("positions_expired"), "restore")
    check(story.announced(said) == (0, 300), said)
    story.goes_on()
    story.verify_announced()


def identity_lost():
    """A new machine and no cell: the group says where to go on; or all is begun anew."""
    story = Offsets.killed("identity")
    shutil.rmtree(story.state)
    story.cluster.admin.delete_group(story.cell_group)
    said = story.follow(story.halts("identity_lost"), "adopt")
    check(story.announced(said) == (0, 0), said)
    story.goes_on()
    story.verify_announced()
    shutil.rmtree(story.state)
    story.cluster.admin.delete_group(story.cell_group)
    said = story.follow(story.halts("identity_lost"), "reset")
    check(story.announced(said) == (0, 900), said)
    story.goes_on()
    story.verify_announced()


def regressed(name):
    """A job whose cell and group went back to an earlier epoch while it was stopped."""
    story = Offsets(name)
    run = story.started(300)
    cell = story.cell()
    marks = story.cluster.admin.offsets(story.group, story.input, range(story.partitions))
    check(len(marks) == story.partitions, f"the group has {marks}")
    story.produce(300)
    story.verify()
    run.stop()
    story.cluster.admin.commit_offsets(story.cell_group, story.epochs, {0: cell[0]}, cell[1])
    for partition, (offset, metadata) in marks.items():
        story.cluster.admin.commit_offsets(story.group, story.input, {partition: offset}, metadata)
    return story


def regressed_trust_local():
    story = regressed("local")
    said = story.follow(story.halts("decider_regressed"), "decide --trust-local")
    check(story.announced(said) == (0, 0), said)
    story.goes_on()
    story.verify_announced()
    check("did not go back" in story.offsets("decide", "--trust-decider", "--yes"), "what is settled was decided again")


def regressed_trust_decider():
    """What the decider does not know any more is read again."""
    story = regressed("decider")
    said = story.follow(story.halts("decider_regressed"), "decide --trust-decider")
    check(story.announced(said) == (0, 300), said)
    story.goes_on()
    story.verify_announced()


def data_loss():
    """Records were deleted before they were read; seek says how many."""
    story = Offsets.stopped("loss")
    story.produce(300)
    records = story.input_records()
    story.cluster.admin.delete_records(story.input, 0, story.mirror()[0] + 20)
    said = story.follow(story.halts("data_loss"), "seek")
    check(story.announced(said, records) == (20, 0), said)
    story.goes_on()
    story.verify_announced()


def source_rewritten():
    """The topic was deleted, made again and filled: one seek of all its partitions."""
    story = Offsets.stopped("again")
    story.cluster.admin.delete_topic(story.input)
    story.cluster.admin.create_topic(story.input, story.partitions, story.cluster.replication)
    story.produce(2000)
    said = story.follow(story.halts("source_rewritten"), "seek")
    check("In all" not in said and "another log than the one that was read" in said, said)
    story.goes_on()
    story.verify_announced()


def two_writers():
    """Somebody forged the attempt in the cell: a report, then a new first start."""
    story = Offsets.stopped("writers")
    epoch, metadata = story.cell()
    cell = metadata.split(";")
    cell[5] = "00000000deadbeef"
    story.cluster.admin.commit_offsets(story.cell_group, story.epochs, {0: epoch}, ";".join(cell))
    text = story.halts("two_writers")
    dump = story.offsets("show", "--dump")
    check("cell.text w2;" in dump and "LANE.attempt " in dump and "HALT two_writers" in dump, dump)
    said = story.follow(text, "reset")
    check(story.announced(said) == (0, 500), said)
    story.goes_on()
    story.verify_announced()


def cell_of_others():
    """No command mends what is not weir's: the ways out are in the job file."""
    story = Offsets.stopped("cell")
    story.cluster.admin.commit_offsets(story.cell_group, story.epochs, {0: 7}, "mine")
    story.halts("foreign_cell")
    for words in (["adopt"], ["restore"], ["reset"], ["skip", story.split(0) + "@1"], ["decide", "--trust-local"]):
        check("HALT foreign_cell" in story.offsets(*words, "--yes", code=78), f"{words} says nothing of it")
    check(story.cell() == (7, "mine"), "a command that was refused changed the cell")


def corrupt_store():
    """Whose the cell is cannot be told without the store, so a person must say so."""
    story = Offsets.stopped("corrupt")
    db = story.state / "weir" / story.name / "db"
    (db / "CURRENT").write_text("not a manifest")
    text = story.halts("corrupt_store")
    story.offsets("reset", "--yes", code=78)
    check((db / "CURRENT").read_text() == "not a manifest", "a command that was refused changed the store")
    said = story.follow(text, "reset --takeover")
    check("kept as" in said and list(db.parent.glob("db.damaged-*")), said)
    # How far it was read is known from the group's marks.
    check(story.announced(said) == (0, 500), said)
    story.goes_on()
    story.verify_announced()


def other_owner():
    """No command helps on the wrong machine. When a person moves the job whose group somebody has touched
    meanwhile, the commands take --takeover too."""
    story = Offsets.killed("owner")
    second = story.dir / "second"
    story.halts("other_owner", state=second)
    for words in (["adopt"], ["restore"], ["reset"], ["skip", story.split(0) + "@1"], ["decide", "--trust-local"]):
        check("HALT other_owner" in story.offsets(*words, "--yes", code=78, state=second), f"{words} says nothing of it")
    story.commit_group(lambda p: 5)
    said = story.follow(story.halts("positions_expired", "--takeover", state=second), "adopt --takeover")
    check("done. The next start: row T8" in said, said)
    run = story.start(state=second)
    run.wait_for("claimed at epoch")
    run.stop()
    story.halts("other_owner")


def poison_record_skipped():
    """The record is left out when the job comes to it, and forgotten when it has passed it."""
    story = Offsets.stopped("poison")
    story.produce(100)
    story.produce_raw('{"n":"x","k":"a"}')
    story.produce(100)
    said = story.follow(story.halts("poison_record", foreseen=False), "skip")
    check(f"record {story.split(0)}@" in said and "No offset is skipped" in said, said)
    check(story.look()["splits"][0]["left_out"], "the skip is not shown")
    run = story.goes_on()
    check("is left out, as `weir offsets skip` asked" in run.text(), f"the record was not left out; log {run.log}")
    story.verify()
    story.goes_on()
    check(not story.look()["splits"][0]["left_out"], "a skip that was passed is still there")


def poison_epoch_skipped():
    """The broker refuses an epoch for its rows, which names its records; here there is one, whose row has no key
    for a compacted topic."""
    story = Offsets("keyless")
    story.cluster.admin.delete_topic(story.output)
    story.cluster.admin.create_topic(story.output, story.partitions, story.cluster.replication, {"cleanup.policy": "compact"})
    story.job.write_text(story.job.read_text().replace("key: k }", "key: \"nullif(k, 'none')\" }"))
    story.produce_raw('{"n":1,"k":"none"}')
    said = story.follow(story.halts("poison_epoch", foreseen=False), "skip")
    check(f"record {story.split(0)}@0 is left out; it is the next one" in said, said)
    story.goes_on()
    story.verify()


def seek_by_hand():
    """No HALT asks for it: some records again, some not at all, the rest as it was."""
    story = Offsets.stopped("seek")
    story.produce(200)
    last = story.look()["splits"][2]["end"] - 3
    said = story.offsets("seek", story.split(1) + "=earliest", f"{story.split(2)}={last}", "--yes")
    skipped, again = story.announced(said)
    check(skipped > 0 and again > 0, said)
    story.goes_on()
    story.verify_announced()


def show_while_it_runs():
    """show needs no lock and changes nothing; the others wait 10 s for it and name the process."""
    story = Offsets("show")
    run = story.started(300)
    text = story.offsets()
    check(f"held by process {run.pid}" in text and "not read" in text, text)
    began = time.monotonic()
    check(str(run.pid) in story.offsets("adopt", "--yes", code=1), "the process is not named")
    waited = time.monotonic() - began
    check(9 < waited < 20, f"waited {waited:.1f} s for the lock")
    story.produce(100)
    story.verify()
    run.stop()
    check("recovering" not in run.text(), f"the job was disturbed; log {run.log}")
    directory = story.state / "weir" / story.name

    def everything():
        files = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
        return files, story.cell(), story.cluster.admin.offsets(story.group, story.input, range(story.partitions))

    before = everything()
    for words in ([], ["show"], ["show", "--json"], ["--dump"]):
        text = story.offsets(*words)
        check("clean stop" in text or "clean_stop" in text, f"{words}: {text}")
    check(before == everything(), "show changed something")


def asked_first():
    """Without a terminal and --yes nothing is done; with a terminal, only what is agreed to."""
    story = Offsets.stopped("asked")
    story.commit_group(lambda p: 0)
    before = story.look()
    check("--yes" in story.offsets("adopt", code=64), "--yes is not named")
    for answer, code in (("n", 1), ("", 1), ("y", 0)):
        check(story.look() == before, "something was changed before it was agreed to")
        master, slave = pty.openpty()
        process = subprocess.Popen(story.command("adopt"), stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.write(master, (answer + "\n").encode())
        said = process.communicate(timeout=60)[0].decode()
        check(process.returncode == code and "Go on? [y/N]" in said, f"{answer}: exit {process.returncode}: {said}")
        os.close(master)
        os.close(slave)
    check(story.announced(said) == (0, 500), said)
    for words in (["decide", "--committed"], ["decide", "--not-committed"]):
        check("no epoch is in doubt" in story.offsets(*words, "--yes"), f"{words} found something to decide")
    for words in (["seek", story.split(0)], ["seek", story.split(9) + "=earliest"], ["skip", story.split(0) + "@999999"],
                  ["seek", story.split(0) + "=999999"], ["decide"], ["decide", "--committed", "--trust-local"]):
        story.offsets(*words, "--yes", code=64)
    story.goes_on()
    story.verify_announced()


def killed_commands():
    """kill -9 in the middle of commands: the job goes on, or the same command finishes."""
    story = Offsets.stopped("cut")
    seed = int(os.environ.get("WEIR_SEED", random.randrange(10**6)))
    print(f"WEIR_SEED={seed}", flush=True)
    dice = random.Random(seed)
    for turn in range(10):
        story.commit_group(lambda p: 0)
        process = subprocess.Popen(story.command("restore", "--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(dice.uniform(0, 1.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # What is open is the next start's to settle, and a command's.
        found = story.look()["next_start"]
        if found["halt"] or not found["row"]:
            story.offsets("restore", "--yes")
        next_start = story.look()["next_start"]
        check(next_start["row"] and not next_start["halt"], f"turn {turn}: {next_start}; logs in {story.dir}")
        if turn % 3 == 0:
            story.goes_on(20)
    story.goes_on()
    story.verify()


tell([foreign_offsets, cell_expired, cell_and_marks_expired, marks_expired, identity_lost, regressed_trust_local,
      regressed_trust_decider, data_loss, source_rewritten, two_writers, cell_of_others, corrupt_store, other_owner,
      poison_record_skipped, poison_epoch_skipped, seek_by_hand, show_while_it_runs, asked_first, killed_commands])
