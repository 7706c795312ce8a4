#!/usr/bin/env python3
"""Runs `weir check` on every folder here and compares what it says with the folder's stderr.txt.

  tests/messages/run.py WEIR [--update] [NAME...]

A folder holds job.yaml, stderr.txt, and weir.yaml where the case needs one. The command runs inside
of the folder, so messages name `job.yaml`. A stderr.txt with something in it goes with exit code 78
(a mistake in a file) unless all of it are warnings; an empty one with 0. --update writes what is
said now: read the difference before you commit it.
"""
import difflib
import os
import pathlib
import subprocess
import sys


def run(weir, folder):
    command = [weir, "check"]
    if (folder / "weir.yaml").exists():
        command += ["--config", "weir.yaml"]
    # The machine's own weir.yaml and variables must not speak here.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEIR")}
    environment["LC_ALL"] = "C.UTF-8"
    return subprocess.run(command + ["job.yaml"], cwd=folder, env=environment, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True)


def mistakes_of(folder, result, update):
    expected_path = folder / "stderr.txt"
    if update:
        expected_path.write_bytes(result.stderr)
    expected = expected_path.read_bytes() if expected_path.exists() else b""
    wanted = 78 if b": error" in expected else 0
    mistakes = []
    if result.returncode != wanted:
        mistakes.append(f"exit code {result.returncode}, wanted {wanted}")
    if result.stderr != expected:
        mistakes += difflib.unified_diff(expected.decode(errors="replace").splitlines(),
                                         result.stderr.decode(errors="replace").splitlines(),
                                         "stderr.txt", "said", lineterm="")
    return mistakes


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    if not arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    weir = str(pathlib.Path(arguments[0]).resolve())
    here = pathlib.Path(__file__).resolve().parent
    folders = sorted(p for p in here.iterdir() if (p / "job.yaml").exists()
                     and (len(arguments) == 1 or p.name in arguments[1:]))
    failed = 0
    for folder in folders:
        mistakes = mistakes_of(folder, run(weir, folder), "--update" in sys.argv)
        if mistakes:
            failed += 1
            print(f"FAILED {folder.name}", *mistakes, sep="\n  ")
    print(f"{len(folders) - failed} of {len(folders)} messages are as they should be")
    return 1 if failed or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
