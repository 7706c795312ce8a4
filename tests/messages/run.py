#!/usr/bin/env python3
"""Runs weir as each folder here says and compares what it says with the folder's files.

  tests/messages/run.py WEIR [--update] [NAME...]

A folder holds stderr.txt and
  job.yaml, and weir.yaml where the case needs one: `weir check job.yaml` is run, which exits 78 when
                            stderr.txt has a mistake in it, else 0; or
  command                   the words behind `weir`, and in a second line `exits N`; with
  stdout.txt                where what is printed there counts; and
  stdin.txt                 what the command reads there, else nothing.
The command runs inside of the folder, so messages name `job.yaml`. --update writes what is said
now: read the difference before you commit it.
"""
import difflib
import os
import pathlib
import shlex
import subprocess
import sys


def command_of(folder, expected):
    """The words behind weir, and the exit code wanted."""
    if (folder / "command").exists():
        words, exits = (folder / "command").read_text().splitlines()
        return shlex.split(words), int(exits.removeprefix("exits "))
    config = ["--config", "weir.yaml"] if (folder / "weir.yaml").exists() else []
    return ["check", *config, "job.yaml"], 78 if b": error" in expected else 0


def run(weir, folder, words):
    # The machine's own weir.yaml and variables must not speak here.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR", "XDG"))}
    environment |= {"LC_ALL": "C.UTF-8", "HOME": "/home/user"}
    typed = folder / "stdin.txt"
    return subprocess.run([weir, *words], cwd=folder, env=environment, timeout=60,
                          input=typed.read_bytes() if typed.exists() else b"", capture_output=True)


def mistakes_of(weir, folder, update):
    expected = {name: (folder / name).read_bytes() if (folder / name).exists() else b""
                for name in ("stderr.txt", "stdout.txt")}
    words, wanted = command_of(folder, expected["stderr.txt"])
    result = run(weir, folder, words)
    if update:
        (folder / "stderr.txt").write_bytes(result.stderr)
        wanted = command_of(folder, result.stderr)[1]
        if (folder / "stdout.txt").exists():
            (folder / "stdout.txt").write_bytes(result.stdout)
    mistakes = []
    if result.returncode != wanted:
        mistakes.append(f"exit code {result.returncode}, wanted {wanted}")
    said = {"stderr.txt": result.stderr}
    if (folder / "stdout.txt").exists():
        said["stdout.txt"] = result.stdout
    for name, text in said.items():
        if update or text == expected[name]:
            continue
        mistakes += difflib.unified_diff(expected[name].decode(errors="replace").splitlines(),
                                         text.decode(errors="replace").splitlines(),
                                         name, "said", lineterm="")
    return mistakes


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    if not arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    weir = str(pathlib.Path(arguments[0]).resolve())
    here = pathlib.Path(__file__).resolve().parent
    folders = sorted(p for p in here.iterdir() if p.is_dir()
                     and (len(arguments) == 1 or p.name in arguments[1:]))
    failed = 0
    for folder in folders:
        mistakes = mistakes_of(weir, folder, "--update" in sys.argv)
        if mistakes:
            failed += 1
            print(f"FAILED {folder.name}", *mistakes, sep="\n  ")
    print(f"{len(folders) - failed} of {len(folders)} messages are as they should be")
    return 1 if failed or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
