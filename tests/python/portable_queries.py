#!/usr/bin/env python3
"""Every question of queries/, asked of other engines over the lake that the program wrote, beside the program's own answers.

    portable_queries.py duckdb --program bedrock-audit --lake LAKE
    portable_queries.py spark  --program bedrock-audit --lake LAKE
    portable_queries.py athena --statements FILE --answer FILE.csv --folder FOLDER
    portable_queries.py trino

`duckdb` and `spark` run what `connect` prints, statement by statement, over a copy of the lake in which also lie a part that
nobody committed and a history that was replaced. Every row is compared, in order, as text. `athena` runs the statements of
`connect --engine athena` in DuckDB, given what Athena has and it has not, over the folder behind the bucket. `trino` has
sqlglot read every question and view as Trino's SQL, and knows no function that Trino has not.
Exit code 1: something differs. 77: the engine is not there.
"""
import argparse
import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# What the answers beside the questions were asked with.
ASKED = {"until": ["--until", "2026-03-31"], "as_of": ["--as-of", "2026-03-30T14:00:00Z"]}

# Functions of queries/ that Trino has too, by the names that they have after `connect`.
TRINO_FUNCTIONS = {
    "cast", "coalesce", "count", "date_trunc", "decimal", "greatest", "lag", "lead", "least", "length", "lower", "max", "min",
    "nullif", "power", "replace", "row_number", "split_part", "strpos", "sum", "to_unixtime", "trim", "try_cast",
}


def questions():
    """Every question's name, its text and the options that it is asked with."""
    for path in sorted((ROOT / "queries").glob("*/*.sql"), key=lambda path: path.stem):
        if path.parent.name != "views":
            text = path.read_text(encoding="utf-8")
            parameters = re.findall(r"(?m)^-- parameter:\s+\$(\w+)\s", text)
            yield path.stem, text, [word for name in parameters for word in ASKED.get(name, [])]


def same_time(text):
    """A time, also within a sentence, which each engine writes in its own way."""
    return re.sub(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.0+)?(?:Z|\+00(?::00)?| UTC)?", r"\1T\2Z", text)


def plain(row):
    return {name: same_time(value or "") for name, value in row.items()}


def told(text):
    return [plain(row) for row in csv.DictReader(io.StringIO(text))]


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.returncode} {done.stderr}")
    return done.stdout


def statements(text):
    """`connect` ends each with a semicolon at the end of a line, and no other line with one."""
    found = text.split(";\n")
    if found.pop().strip():
        sys.exit(f"what connect printed does not end with a semicolon: {text[-200:]}")
    return [one.strip() for one in found]


def disturbed(lake, folder):
    """A copy of the lake with a part that no ledger names, and a history that was replaced: nobody may read either."""
    import duckdb

    copy = Path(folder) / "lake"
    shutil.copytree(lake, copy)
    part = next(path for path in sorted((copy / "events").rglob("*.parquet")))
    rows = f"select * replace ('nobody-committed-' || event_id as event_id) from read_parquet('{part}', hive_partitioning = false)"
    duckdb.execute(f"copy ({rows}) to '{part.with_name('e' * 32 + '-00000.parquet')}' (format parquet)")
    for table in sorted((copy / "history").iterdir()):
        newest, = table.glob("*.parquet")
        other = table / f"{'d' * 32}.parquet"
        if table.name == "rebuilds":
            rows = f"select '{'d' * 32}' as fingerprint, parts - 1 as parts, history_version + 1 as history_version"
            duckdb.execute(f"copy ({rows} from read_parquet('{newest}')) to '{other}' (format parquet)")
        else:
            shutil.copy(newest, other)
    return copy


class DuckDb:
    """DuckDB in this process."""

    name = "duckdb"

    def __init__(self):
        import duckdb

        self.connection = duckdb.connect()

    def do(self, statement):
        self.connection.execute(statement)

    def rows(self, statement):
        cursor = self.connection.execute(f"select columns(*)::varchar from (\n{statement}\n)")
        names = [column[0] for column in cursor.description]
        return [plain(dict(zip(names, row))) for row in cursor.fetchall()]


class Spark:
    """Spark on this machine alone."""

    name = "spark"

    def __init__(self):
        if not shutil.which("java") and "JAVA_HOME" not in os.environ:
            no_spark("there is no java (Debian: apt install openjdk-17-jre-headless)")
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            no_spark(f"{error} (scripts/spark-requirements.txt)")
        settings = {
            "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.driver.memory": "1g",
            "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
            # The rows are few: compiling each plan would take most of the time.
            "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.adaptive.enabled": "false",
        }
        builder = SparkSession.builder.master("local[2]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("OFF")

    def do(self, statement):
        self.session.sql(statement)

    def rows(self, statement):
        frame = self.session.sql(statement)
        texts = frame.select(*[frame[name].cast("string") for name in frame.columns])
        return [plain(dict(zip(frame.columns, row))) for row in texts.collect()]


def no_spark(why):
    print(f"SPARK SKIPPED, so nothing was compared with it: {why}")
    sys.exit(77)


def difference(expected, found):
    """The first of them in words; none where all rows are the same, in the same order."""
    if len(expected) != len(found):
        return f"{len(expected)} rows by the program, {len(found)} here"
    for number, (ours, theirs) in enumerate(zip(expected, found), 1):
        if ours != theirs:
            columns = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
            return f"row {number}: " + "; ".join(f"{name}: {ours.get(name)!r} here {theirs.get(name)!r}" for name in columns[:4])
    return None


def compare(engine, program, lake):
    with tempfile.TemporaryDirectory() as folder:
        lake = disturbed(lake, folder)
        opening = statements(run(program, "connect", "--engine", engine.name, "--lake", lake))
        for statement in opening:
            engine.do(statement)
        count, rows, empty, differ = 0, 0, [], []
        for name, _, options in questions():
            expected = told(run(program, "query", name, "--lake", lake, "--output", "csv", *options))
            asked = statements(run(program, "connect", "--engine", engine.name, "--lake", lake, "--question", name, *options))
            if asked[:-1] != opening:
                sys.exit(f"{name}: connect opens the lake in another way than without a question")
            why = difference(expected, engine.rows(asked[-1]))
            if why:
                differ.append(name)
                print(f"{name}: {why}")
            count, rows = count + 1, rows + len(expected)
            if not expected:
                empty.append(name)
    print(f"{engine.name}: {count} questions, {rows} rows, {len(differ)} differ; without rows: {', '.join(empty) or 'none'}")
    return differ


ATHENA = """
    create macro with_timezone(plain, zone) as timezone(zone, plain);
    create macro to_unixtime(instant) as epoch(instant);
    create macro from_iso8601_timestamp(written) as cast(written as timestamptz);
    set timezone = 'UTC';
    create schema bedrock_audit;
"""
HIVE = {"string": "varchar", "boolean": "boolean", "bigint": "bigint", "timestamp": "timestamp"}


def athena_table(engine, statement, folder):
    """An external table: every file of a folder, with `"$path"`; a timestamp of Hive's has no zone."""
    name = re.match(r"create external table if not exists (bedrock_audit\.\w+) \(", statement)[1]
    columns = re.findall(r"(?m)^    `(\w+)` (\w+),?$", statement)
    place = re.search(r"(?m)^location 's3://[^/]+/(.*)/'$", statement)[1]
    files = folder / place
    partition = ", cast(event_date as varchar) as event_date" if "partitioned by" in statement else ""
    if list(files.rglob("*.parquet")):
        chosen = ", ".join(f'cast("{column}" as {HIVE[kind]}) as "{column}"' for column, kind in columns)
        source = f"read_parquet('{files}/**/*.parquet', filename = true, hive_partitioning = {'true' if partition else 'false'})"
        engine.do(f'create view {name} as select {chosen}{partition}, filename as "$path" from {source}')
    else:
        empty = ", ".join(f'cast(null as {HIVE[kind]}) as "{column}"' for column, kind in columns)
        engine.do(f"create view {name} as select {empty}{partition.replace('event_date', 'null', 1)}, '' as \"$path\" where false")


def athena(statements_file, answer_file, folder):
    engine = DuckDb()
    engine.do(ATHENA)
    _, *tables, question = statements(statements_file.read_text(encoding="utf-8"))
    for table in tables:
        athena_table(engine, table, folder)
    expected = told(answer_file.read_text(encoding="utf-8"))
    why = difference(expected, engine.rows(question))
    print(why or f"athena: {len(tables)} tables, {len(expected)} rows, the same")
    return why


def trino():
    import sqlglot

    wrong, count = [], 0
    views = [(path.stem, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "queries/views").glob("*.sql"))]
    for name, text in [*views, *((name, text) for name, text, _ in questions())]:
        # The translation of connect, as far as Trino's parser could tell it from what Trino refuses.
        text = re.sub(r"\$\w+", "current_timestamp", text).replace("extract(epoch from ", "to_unixtime(")
        code = re.sub(r"--[^\n]*|'[^']*'", " ", text)
        unknown = set(re.findall(r"\b([a-z_]+)\(", code)) - TRINO_FUNCTIONS
        try:
            sqlglot.transpile(text, read="trino", write="trino", error_level=sqlglot.ErrorLevel.RAISE)
        except sqlglot.errors.ParseError as error:
            unknown.add(str(error))
        if unknown:
            wrong.append(name)
            print(f"{name}: {', '.join(sorted(unknown))}")
        count += 1
    print(f"trino: {count} questions and views read, {len(wrong)} refused")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=("duckdb", "spark", "athena", "trino"))
    parser.add_argument("--program", type=Path)
    parser.add_argument("--lake", type=Path)
    parser.add_argument("--statements", type=Path)
    parser.add_argument("--answer", type=Path)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.engine == "trino":
        wrong = trino()
    elif asked.engine == "athena":
        wrong = athena(asked.statements, asked.answer, asked.folder)
    else:
        wrong = compare({"duckdb": DuckDb, "spark": Spark}[asked.engine](), asked.program.resolve(), asked.lake)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
