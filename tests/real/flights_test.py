#!/usr/bin/env python3
"""The quickstart's job over the flights, compared row by row with the same query in SQLite."""

import csv
import decimal
import gzip
import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile

from cluster import ROOT, check, shared
from harness import WEIR

QUERY = """SELECT carrier, carrier || flight, origin || '-' || dest, time_hour, dep_delay, dep_delay,
  dep_delay - coalesce(arr_delay, dep_delay), CASE WHEN dep_delay >= 180 THEN 'severe' ELSE 'late' END
  FROM flights WHERE dep_delay > 60"""


def expected():
    database = sqlite3.connect(":memory:")
    with gzip.open(ROOT / "config/flights/flights-2013-01.csv.gz", "rt") as lines:
        rows = list(csv.reader(lines))
    database.execute(f"CREATE TABLE flights ({', '.join(rows[0])})")
    typed = [[None if cell == "NA" else int(cell) if cell.lstrip("-").isdigit() else cell for cell in row] for row in rows[1:]]
    database.executemany(f"INSERT INTO flights VALUES ({','.join('?' * len(rows[0]))})", typed)
    for row in database.execute(QUERY):
        hours = (decimal.Decimal(row[5]) / 60).quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP)
        yield (*row[:5], str(hours), *row[6:])


def main():
    brokers = shared().brokers
    # Names of this run's own, so that it can be run again.
    flights, late = (f"{name}-{os.getpid()}" for name in ("flights", "late-departures"))
    for topic in (flights, late):
        shared().admin.create_topic(topic, 4)
    records = subprocess.run([str(ROOT / "scripts/flights-ndjson")], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["kcat", "-b", brokers, "-P", "-t", flights, "-K", "|"], input=records, check=True)
    with tempfile.TemporaryDirectory() as folder:
        job = pathlib.Path(folder) / "job.yaml"
        job.write_text((ROOT / "config/late-departures.yaml").read_text().replace("127.0.0.1:19092", brokers)
                       .replace("late-departures", late).replace("[flights]", f"[{flights}]"))
        for _ in range(2):  # the second finds nothing new
            subprocess.run([WEIR, "run", str(job), "--state-dir", folder], check=True, timeout=60)
    out = subprocess.run(["kcat", "-b", brokers, "-C", "-t", late, "-e", "-q", "-o", "beginning", "-X",
                          "isolation.level=read_committed"], check=True, stdout=subprocess.PIPE).stdout.decode()
    got = sorted(tuple(json.loads(line, parse_float=str).values()) for line in out.splitlines())
    wanted = sorted(expected())
    check(got == wanted, f"{len(got)} rows, SQLite has {len(wanted)}; first difference: "
          f"{next(((a, b) for a, b in zip(got, wanted) if a != b), None)}")
    print(f"{len(got)} rows, as SQLite has them")


main()
