#!/usr/bin/env python3
"""Generated expressions must answer in weir as in PostgreSQL: types, values, and whether they fail.

  expressions_test.py EVALUATOR [--seed N] [--count N] [--all]

EVALUATOR is the program eval_expressions. Literals of each type with edge values go through casts,
operators and functions. Differences that src/sql/README.md names are counted, every other one is
printed and fails the test. --all prints those that are counted too. The port is WEIR_TEST_PORT+80.
"""
import argparse
import decimal
import itertools
import json
import os
import random
import re
import subprocess
import sys

from postgres import Postgres

VALUES = {
    "boolean": ["true", "false"],
    "smallint": ["0", "1", "-7", "12", "32767", "-32768"],
    "integer": ["0", "1", "-1", "7", "-100", "2147483647", "-2147483648"],
    "bigint": ["0", "3", "-3", "10000000000", "9223372036854775807", "-9223372036854775808"],
    "real": ["0", "1.5", "-2.25", "0.1", "16777217", "3.4e38", "1e-40", "NaN", "Infinity"],
    "double precision": ["0", "-0", "2.5", "-0.5", "0.1", "1e15", "1e300", "NaN", "-Infinity"],
    "numeric": ["0", "1.50", "-0.005", "12345.678", "2.5", "-1", "99999999999999999999.9"],
    "text": ["", "a", "Hello World", "héllo €", "  x  ", "a,b,,c", "123", "-4.5", "true",
             "2026-11-22", "1 day", "100%_x"],
    "date": ["2026-11-22", "2024-02-29", "2000-01-01", "1969-12-31", "0001-01-01", "9999-12-31"],
    "timestamp": ["2026-11-22 10:40:00.123456", "2024-02-29 23:59:59", "1970-01-01", "1999-12-31 23:59:59.5"],
    "timestamptz": ["2026-11-22 10:40:00+00", "2024-03-31 01:30:00.25+02", "1970-01-01 00:00:00+00",
                    "1905-06-15 12:00:00+00"],
    "interval": ["1 day 2 hours", "-1 mon 3 days -04:05:06.7", "1 year 2 mons", "00:00:00.000001",
                 "36:00", "P1Y2M3DT4H5M6S", "1.5 weeks", "-2 days ago", "100 years", "00:00:00"],
    "jsonb": ['{"a": 1, "b": {"c": [1, 2, "x"]}}', '[1, 2.5, null, "four", {"k": true}]', '"text"',
              "12", "true", "null", "[]", "{}", "[1, 2]", '{"a": 1}'],
    "bytea": ["\\x", "\\x00ff", "\\x616263", "abc\\\\d"],
    "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{00000000-0000-0000-0000-000000000000}",
             "A0EEBC999C0B4EF8BB6D6BB9BD380A11"],
}
TYPES = list(VALUES)
NUMBERS = ["smallint", "integer", "bigint", "real", "double precision", "numeric"]
TIMES = ["date", "timestamp", "timestamptz"]

# Texts that people write for a type, well formed and not.
TEXTS = {
    "smallint": ["32768", "1.0", " 12 ", "+5", "1e2", ""],
    "real": ["1e39", "1e-50", "-inf", "1.17549435e-38", "123456", "1234567", "0.0001", "0.00001", "x"],
    "date": ["2026-02-30", "2026-13-01", "2026-01-02 10:00:00", "20x6-01-01"],
    "timestamp": ["2026-01-02T03:04:05Z", "2026-01-02 03:04:05+05", "2026-01-02 03:04", "2026-01-02 25:00"],
    "interval": ["1 day", "1 days 2:03", "1d2h3m4s", "1.5 hours", "-1 day +02:00", "2 weeks ago",
                 "1 mon -1 day", "1-2", "-1-2", "1 2:03:04", "12", "1.5", "90 minutes", "1 year 1.5 mons",
                 "@ 1 minute", "P1W", "PT0.5S", "P-1DT-2H", "1 2", "x", "", "1 day 1 day", "1 fortnight",
                 "0.5 days", "1.25 days", "2.7 mons", "1.3 years", "1 decade 2 centuries 1 millennium",
                 "1500 ms", "15 us", "1:2:3.456789", "-0:0:1", "1:60", "1:30.5", "178000000 years",
                 "999999999999 hours", "1 day ago 2 hours", "-1.5 days", "1.999999 s", "3 mons 10:00:00"],
    "uuid": ["a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11", "a0eebc99", "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
             "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    "bytea": ["\\xabc", "\\xAB CD", "a\\000b", "\\q", "\\\\"],
    "boolean": ["t", "YES", "o", "1", "2"],
    "jsonb": ["{", "[1,]", " 1.50 ", "1e3"],
}

UNITS = ["microseconds", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter",
         "year", "decade", "century", "millennium", "epoch", "dow", "isodow", "doy", "isoyear", "julian",
         "timezone", "nonsense"]

OPERATORS = ["+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=", "||"]

# name: the types of its arguments, in all overloads; None is any type.
FUNCTIONS = {
    "abs": [[n] for n in NUMBERS], "ceil": [[n] for n in NUMBERS], "floor": [[n] for n in NUMBERS],
    "round": [[n] for n in NUMBERS] + [["numeric", "integer"]], "trunc": [[n] for n in NUMBERS],
    "sign": [[n] for n in NUMBERS], "sqrt": [["double precision"], ["numeric"], ["integer"]],
    "cbrt": [["double precision"]], "exp": [["double precision"], ["integer"]],
    "ln": [["double precision"], ["integer"]], "log": [["double precision"]],
    "power": [["double precision", "double precision"], ["integer", "integer"]],
    "mod": [["smallint", "integer"], ["bigint", "integer"], ["numeric", "numeric"]],
    "div": [["numeric", "numeric"], ["integer", "integer"]],
    "degrees": [["double precision"]], "radians": [["double precision"]],
    "to_hex": [["integer"], ["bigint"]], "chr": [["integer"]],
    "length": [["text"], ["bytea"]], "octet_length": [["text"], ["bytea"]], "char_length": [["text"]],
    "upper": [["text"]], "lower": [["text"]], "initcap": [["text"]], "reverse": [["text"]],
    "ascii": [["text"]], "btrim": [["text"], ["text", "text"]], "ltrim": [["text", "text"]],
    "rtrim": [["text"]], "left": [["text", "smallint"]], "right": [["text", "smallint"]],
    "repeat": [["text", "smallint"]], "lpad": [["text", "smallint"], ["text", "smallint", "text"]],
    "rpad": [["text", "smallint", "text"]], "replace": [["text", "text", "text"]],
    "translate": [["text", "text", "text"]], "split_part": [["text", "text", "smallint"]],
    "strpos": [["text", "text"]], "starts_with": [["text", "text"]],
    "substr": [["text", "smallint"], ["text", "smallint", "smallint"], ["bytea", "smallint", "smallint"]],
    "concat": [[None, None], [None, None, None]], "concat_ws": [["text", None, None]],
    "greatest": [[n, m] for n in NUMBERS for m in NUMBERS] + [[t, u] for t in TIMES for u in TIMES]
    + [["interval", "interval"], ["uuid", "uuid"], ["bytea", "bytea"], ["text", "text"]],
    "least": [["interval", "interval"], ["real", "numeric"], ["date", "timestamptz"]],
    "coalesce": [[n, m] for n in NUMBERS for m in NUMBERS] + [["date", "timestamp"], ["text", "integer"]],
    "nullif": [["integer", "numeric"], ["interval", "interval"], ["real", "double precision"]],
    "age": [[t, t] for t in TIMES] + [["timestamp", "date"]],
    "justify_hours": [["interval"]], "justify_days": [["interval"]],
    "make_date": [["smallint", "smallint", "smallint"]],
    "make_interval": [["smallint"], ["smallint", "smallint", "smallint", "smallint"],
                      ["smallint"] * 6, ["smallint"] * 6 + ["double precision"]],
    "to_timestamp": [["double precision"], ["integer"]],
    "date": [["timestamp"], ["timestamptz"], ["text"]],
    "jsonb_typeof": [["jsonb"]], "jsonb_array_length": [["jsonb"]], "to_jsonb": [[None]] * 4,
    "jsonb_build_array": [[None, None]], "jsonb_build_object": [["text", None, "integer", None]],
}

BY_HAND = r"""
date '2026-01-31' + interval '1 month'
timestamp '2024-02-29' + interval '1 year'
timestamptz '2026-03-29 00:30:00+00' + interval '1 day'
date '2026-01-01' + 31
31 + date '2026-01-01'
date '2026-03-01' - date '2026-02-01'
date '2026-03-01' - 1
interval '1 day' * 1.5
2 * interval '1 mon 1 day'
interval '1 year' / 7
interval '1 day' / 0
interval '5' minute
interval '3' day
interval '1 day' > interval '23 hours'
interval '1 mon' = interval '30 days'
- interval '1 day -02:00'
timestamp '2026-11-22 10:40' - timestamp '2026-11-20 12:00'
timestamp '2026-11-22 10:40' AT TIME ZONE 'UTC'
timestamptz '2026-11-22 10:40+02' AT TIME ZONE 'utc'
timestamp '2026-01-01' = date '2026-01-01'
date '2026-01-01' < timestamptz '2026-01-01 00:00:01+00'
date '2026-01-01' BETWEEN '2025-12-31' AND '2026-01-02'
date '2026-01-01' IN ('2026-01-01', '2026-01-02')
timestamp '2026-01-01' + '1 day'
timestamp '2026-01-01' - '2025-12-31'
date '2026-01-01' - '2025-12-31'
date '2026-01-01' + '1 day'
date_bin('15 minutes', timestamp '2026-11-22 10:41:07', timestamp '2026-01-01')
date_bin('1 day', timestamp '1999-11-22 10:41:07', timestamp '2026-01-01 12:00')
date_bin('15 minutes', timestamptz '2026-11-22 10:30:00+00', timestamptz '2026-11-22 10:30:00+00')
date_bin('1 month', timestamp '2026-11-22', timestamp '2026-01-01')
date_trunc('day', date '2026-11-22')
extract(hour from date '2026-11-22')
date_part('hour', date '2026-11-22')
make_timestamp(2026, 2, 28, 23, 59, 59.5)
make_timestamptz(2026, 2, 29, 0, 0, 0)
1::smallint + 1::real
1::integer * 1.5::real
16777217::real = 16777217::bigint
0.1::real = 0.1::double precision
0.1::real = 0.1
'1.5' + 1::real
30000::smallint + 30000::smallint
(-32768)::smallint / (-1)::smallint
abs((-32768)::smallint)
- (-32768)::smallint
32768::smallint
1e39::real
5::smallint % 3::bigint
2::smallint ^ 3
encode('\x00ff'::bytea, 'hex')
encode('\x00ff5c61'::bytea, 'escape')
encode(convert_to(repeat('weir ', 30), 'UTF8'), 'base64')
decode('AP9c', 'base64')
decode('00 fF', 'hex')
decode('0', 'hex')
decode('a\\000', 'escape')
decode('AP9', 'base64')
position('\x61'::bytea in '\x626163'::bytea)
'\x6162'::bytea || '\x63'::bytea
get_byte('\x00ff'::bytea, 1)
'abc' ~ '^a.c$'
'aBc' ~* 'b'
'abc' !~ 'x+'
'ABC' !~* 'b'
regexp_replace('abc abc', 'b', 'X')
regexp_replace('abc abc', '(a)(b)', '\2\1', 'g')
regexp_replace('abxc', 'x*', '-', 'g')
regexp_replace('ABC', 'b', '[\&]', 'i')
regexp_replace('héllo', '', '-', 'g')
regexp_replace('a\b', 'a', '\\x')
regexp_like('Hello', 'hel')
regexp_like('Hello', 'hel', 'i')
regexp_count('banana', 'an')
regexp_substr('foo123bar', '[0-9]+')
regexp_substr('foo', '[0-9]+')
substring('foo123bar' from '[0-9]+')
substring('foo123bar' from 'o([0-9])')
substring('foo' from 'x(y)?')
'abc' ~ '('
'{"a":{"b":2}}'::jsonb @> '{"a":{}}'::jsonb
'[1,2,[3]]'::jsonb @> '[[3]]'::jsonb
'["foo","bar"]'::jsonb @> '"bar"'::jsonb
'"bar"'::jsonb @> '["bar"]'::jsonb
'{"a":1}'::jsonb <@ '{"a":1,"b":2}'::jsonb
'{"a":1}'::jsonb || '{"a":2,"c":[]}'::jsonb
'[1]'::jsonb || '2'::jsonb
'{"a":1}'::jsonb || '[1]'::jsonb
'1'::jsonb || '"x"'::jsonb
'{"a":1,"b":2}'::jsonb - 'a'
'["a","b","a"]'::jsonb - 'a'
'[1,2,3]'::jsonb - 1
'[1,2,3]'::jsonb - (-1)
'{"a":1}'::jsonb - 0
'"a"'::jsonb - 'a'
'{"a":[1,{"b":"c"}]}'::jsonb #> '{a,1,b}'
'{"a":[1,{"b":"c"}]}'::jsonb #>> '{a,-1,b}'
'12'::jsonb::smallint
'1.5'::jsonb::real
'40000'::jsonb::smallint
NULL::interval IS DISTINCT FROM interval '1 day'
interval '24 hours' IS DISTINCT FROM interval '1 day'
CASE WHEN true THEN date '2026-01-01' ELSE timestamp '2026-01-02' END
uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' < uuid 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
'2026-01-01'::date::timestamptz::text
'x' || date '2026-01-01'
interval '1 day' || 'x'
"""

# weir's answer begins so where it has a limit that PostgreSQL lacks, or refuses by name.
LIMITS = ["!numeric has more than 38 digits", "!timestamp out of range", "!date out of range"]


def literal(kind, value):
    return "'" + value.replace("'", "''") + "'::" + kind


def generate(count, seed):
    dice = random.Random(seed)

    def one(kind):
        if kind is None:
            kind = dice.choice(TYPES)
        if dice.random() < 0.04:
            return f"NULL::{kind}"
        return literal(kind, dice.choice(VALUES[kind]))

    made = [line for line in BY_HAND.splitlines() if line]
    made += [literal(kind, text) for kind, texts in TEXTS.items() for text in texts]
    made += [literal(kind, value) for kind in TYPES for value in VALUES[kind]]
    made += [f"extract({unit} from {one(kind)})" for unit in UNITS for kind in [*TIMES, "interval"]]
    made += [f"date_part('{unit}', {one(kind)})" for unit in UNITS for kind in [*TIMES, "interval"]]
    made += [f"date_trunc('{unit}', {one(kind)})" for unit in UNITS for kind in [*TIMES, "interval"]]
    for name, overloads in FUNCTIONS.items():
        for kinds in overloads:
            for _ in range(3 if len(overloads) < 10 else 1):
                made.append(f"{name}({', '.join(one(kind) for kind in kinds)})")
    casts = [f"({literal(kind, value)})::{to}" for kind in TYPES for value in VALUES[kind] for to in TYPES]
    # What goes together, and some of what does not.
    kinds = [*itertools.product(NUMBERS, NUMBERS), *itertools.product(TIMES, [*TIMES, "interval", "integer"]),
             *((kind, kind) for kind in TYPES), ("interval", "integer"), ("numeric", "interval"),
             ("interval", "timestamp"), ("text", "date"), ("jsonb", "text"), ("interval", "real"),
             *dice.sample([*itertools.product(TYPES, TYPES)], 20)]
    pairs = [f"{one(a)} {operator} {one(b)}" for operator in OPERATORS for a, b in kinds]
    for rest in (casts, pairs):
        dice.shuffle(rest)
    more = [e for both in itertools.zip_longest(casts, pairs) for e in both if e]
    return made + more[:max(0, count - len(made))]


FUNCTION = """
CREATE FUNCTION pg_temp.answer(expr text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
  EXECUTE format('SELECT (%s)::text', expr) INTO result;
  RETURN CASE WHEN left(result, 1) = '!' THEN '!' || result ELSE result END;
EXCEPTION WHEN OTHERS THEN RETURN '!' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.answer_type(expr text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
  EXECUTE format('SELECT pg_typeof((SELECT %s WHERE false))::text', expr) INTO result;
  RETURN result;
EXCEPTION WHEN OTHERS THEN RETURN '!' || SQLERRM;
END $$;
"""


def ask_postgres(port, expressions):
    def quoted(text):
        return "'" + text.replace("'", "''") + "'"

    script = ["SET timezone = 'UTC';", "SET client_min_messages = error;", FUNCTION,
              "CREATE TEMP TABLE todo (at int, expr text);"]
    script += [f"INSERT INTO todo VALUES ({at}, {quoted(e)});" for at, e in enumerate(expressions)]
    script.append("COPY (SELECT pg_temp.answer_type(expr), pg_temp.answer(expr) FROM todo ORDER BY at) TO stdout;")
    with Postgres(port) as server:
        return [line.split("\t") for line in server.psql("\n".join(script)).splitlines()]


def ask_weir(evaluator, expressions):
    done = subprocess.run([evaluator], input="\n".join(expressions) + "\n", capture_output=True, text=True,
                          check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def short_type(name):
    return {"timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp",
            "character varying": "text"}.get(name, name)


def same_json(a, b):
    """Numbers of jsonb end without zeros in weir."""
    try:
        return json.loads(a) == json.loads(b)
    except ValueError:
        return False


def why_differs(expression, weir, theirs):
    """None: they agree. Else a documented difference, or "" for one that is not."""
    (our_type, ours), (their_type, their_value) = weir, theirs
    they_fail, we_fail = their_value.startswith("!"), ours.startswith("!")
    if they_fail and we_fail:
        return None
    if we_fail:
        if "in this version" in ours:
            return "refused by name"
        if any(ours.startswith(limit) for limit in LIMITS):
            return "a limit of weir"
        if expression.startswith("make_interval") and ours == "!interval out of range":
            return "PostgreSQL wraps around"
        if re.search(r"-infinity|infinity| BC$|^\d{5,}-", their_value):
            return "no infinite times, years 1 to 9999"
        return ""
    if they_fail:
        return ""
    if our_type != short_type(their_type):
        return ""
    if ours == their_value:
        return None
    if our_type == "jsonb" and same_json(ours, their_value):
        return None
    # With such numbers, 38 digits leave fewer behind the point.
    large = len(their_value) > 38 or "99999999999999999999.9" in expression
    if our_type == "numeric" and large and decimal.Decimal(ours) == decimal.Decimal(their_value):
        return "a limit of weir"
    # PostgreSQL does not take digits that are halfway between two values, weir does.
    if our_type in ("real", "double precision") and len(ours) < len(their_value) and float(ours) == float(their_value):
        return "fewer digits of the same value"
    return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evaluator")
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    port = int(os.environ.get("WEIR_TEST_PORT", "19192")) + 80
    expressions = generate(options.count, options.seed)
    theirs = ask_postgres(port, expressions)
    ours = ask_weir(options.evaluator, expressions)
    assert len(theirs) == len(ours) == len(expressions)
    known, wrong, failing = {}, 0, 0
    for expression, weir, postgres in zip(expressions, ours, theirs):
        why = why_differs(expression, weir, postgres)
        failing += postgres[1].startswith("!")
        if why:
            known[why] = known.get(why, 0) + 1
        if why == "" or (why and options.all):
            wrong += why == ""
            print(f"{expression}\n   weir        {weir[0]}: {weir[1][:300]}\n"
                  f"   PostgreSQL  {postgres[0]}: {postgres[1][:300]}")
    print(f"{len(expressions)} expressions with seed {options.seed}, of which {failing} fail in PostgreSQL; "
          f"documented differences: {known}; others: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
