#!/usr/bin/env python3
"""Real clients of `bedrock-audit serve`: psql, psycopg, and SQLAlchemy, through which pandas reads.

    serve_clients.py psql|psycopg|sqlalchemy|strangers --port PORT --jobs N

They connect to 127.0.0.1 as libpq's environment says (PGPASSWORD, PGSSLMODE, PGSSLROOTCERT), read what an analyst would,
and try what must not be. `strangers` has a wrong password, or no TLS. Ends with 77 where the client is not installed.
"""
import argparse
import datetime
import decimal
import os
import shutil
import subprocess
import sys

NOT_INSTALLED = 77

# What no client may do, whatever it sends it through.
FORBIDDEN = [
    "insert into events select * from events",
    "delete from events",
    "create table t as select 1",
    "drop view jobs",
    "copy jobs to '/tmp/never'",
    "select * from read_parquet('/etc/passwd')",
    "set datafusion.runtime.memory_limit = '100G'",
]

# psql's own commands: each asks the catalog something, and says what must be in the answer.
COMMANDS = [
    (r"\dt", "job_requests"),
    (r"\dv", "jobs"),
    (r"\dn", "queries"),
    (r"\d job_requests", "job_arn"),
]


def expect(is_so, what):
    if not is_so:
        sys.exit(f"serve_clients.py: {what}")


def skip(why):
    print(why, file=sys.stderr)
    sys.exit(NOT_INSTALLED)


def address(port):
    return {"host": "127.0.0.1", "port": port, "user": "analyst", "dbname": "lake", "connect_timeout": 60}


def run_psql(port, *commands, **variables):
    if not shutil.which("psql"):
        skip("psql is not installed (Debian and Ubuntu: apt install postgresql-client)")
    where = " ".join(f"{name}={value}" for name, value in address(port).items())
    arguments = ["psql", "--no-psqlrc", "--no-password", "--tuples-only", "--no-align", where]
    for command in commands:
        arguments += ["--command", command]
    environment = {**os.environ, "LC_ALL": "C", "PAGER": "", **variables}
    return subprocess.run(arguments, capture_output=True, text=True, env=environment, timeout=300, check=False)


def psql(port, jobs):
    run = run_psql(port, "select count(*) from jobs", "select 'second'")
    expect(run.returncode == 0, run.stderr)
    expect(run.stdout.splitlines() == [str(jobs), "second"], f"psql prints {run.stdout!r}")
    for command, expected in COMMANDS:
        run = run_psql(port, command)
        expect(run.returncode == 0 and expected in run.stdout, f"psql {command}: {run.stdout!r} {run.stderr!r}")
    for sql in FORBIDDEN:
        run = run_psql(port, sql)
        expect(run.returncode != 0 and "ERROR" in run.stderr, f"psql is let to {sql}: {run.stdout!r} {run.stderr!r}")


def connect(port, **more):
    try:
        import psycopg
    except ImportError as error:
        skip(f"psycopg is not installed ({error})")
    return psycopg, psycopg.connect(**address(port), **more)


def psycopg(port, jobs):
    module, connection = connect(port)
    with connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from jobs")
        expect(cursor.fetchone() == (jobs,), "psycopg counts other jobs")
        values(cursor)
        parameters(cursor, jobs)
    with connect(port, autocommit=True)[1] as connection:
        for sql in FORBIDDEN:
            try:
                connection.execute(sql)
            except module.Error as error:
                expect(error.sqlstate, f"{sql}: the connection is lost: {error}")
            else:
                expect(False, f"psycopg is let to {sql}")
        expect(connection.execute("select 1").fetchone() == (1,), "the connection is of no use after an error")
        cancelled(module, connection)


def values(cursor):
    """Each type arrives as what it is, as text and in binary."""
    sql = """select true, 7, 1.5::double precision, 'text', null, timestamp '2026-03-04 05:06:07', date '2026-03-04',
             1.25::numeric(10, 2)"""
    expected = (
        True, 7, 1.5, "text", None, datetime.datetime(2026, 3, 4, 5, 6, 7), datetime.date(2026, 3, 4),
        decimal.Decimal("1.25"),
    )
    for binary in (False, True):
        cursor.execute(sql, binary=binary)
        found = cursor.fetchone()
        expect(found == expected, f"binary={binary}: {found}")
        cursor.execute("select requested_at from job_requests where requested_at is not null limit 1", binary=binary)
        (at,) = cursor.fetchone()
        expect(at.utcoffset() == datetime.timedelta(0), f"binary={binary}: {at!r} is no time in UTC")


def parameters(cursor, jobs):
    """Values go beside the statement, and are not taken for SQL."""
    cursor.execute("select count(*) from jobs where job_name = %s", ("'; drop view jobs; --",))
    expect(cursor.fetchone() == (0,), "a value is taken for SQL")
    since = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
    cursor.execute("select count(*) from job_requests where requested_at >= %s", (since,))
    (all_of_them,) = cursor.fetchone()
    cursor.execute("select count(*) from job_requests where requested_at is not null")
    expect(cursor.fetchone() == (all_of_them,), "a time as a value selects other rows")
    cursor.execute("select %s::int + 1, %s::text", (1, "a"))
    expect(cursor.fetchone() == (2, "a"), "casts of values")
    # The sixth time psycopg prepares it.
    for _ in range(8):
        cursor.execute("select count(*) from jobs where job_name <> %s or job_name is null", ("no such job",))
        expect(cursor.fetchone() == (jobs,), "a prepared statement gives other rows")


def cancelled(module, connection):
    """A cancel request ends a statement, and nothing else."""
    import threading

    endless = """select count(*) from generate_series(1, 1000) a, generate_series(1, 100000000000) b
                 where a.value * b.value = -1"""
    timer = threading.Timer(2, connection.cancel)
    timer.start()
    try:
        connection.execute(endless)
    except module.errors.QueryCanceled as error:
        expect("user request" in str(error), f"it ended by itself: {error}")
    else:
        expect(False, "an endless statement has ended")
    timer.join()
    expect(connection.execute("select 1").fetchone() == (1,), "the connection is of no use after a cancel request")


def sqlalchemy(port, jobs):
    try:
        import sqlalchemy as sa
    except ImportError as error:
        skip(f"SQLAlchemy is not installed ({error})")
    where = address(port)
    url = sa.URL.create(
        "postgresql+psycopg", username=where["user"], password=os.environ.get("PGPASSWORD"), host=where["host"],
        port=port, database=where["dbname"],
    )
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        expect(connection.execute(sa.text("select count(*) from jobs")).scalar_one() == jobs, "SQLAlchemy counts other jobs")
        found = connection.execute(sa.text("select job_arn from jobs where job_name = :name"), {"name": "none"}).all()
        expect(found == [], f"SQLAlchemy finds {found}")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        expect(connection.execute(sa.text("select 1")).scalar_one() == 1, "AUTOCOMMIT")


def strangers(port, _):
    """Neither a wrong password nor a plain connection is let in."""
    module, connection = connect(port)
    connection.close()
    for more, expected in [
        ({"password": "another password"}, "assword authentication failed"),
        ({"sslmode": "disable"}, "TLS only"),
        ({"sslmode": "require", "channel_binding": "require"}, None),
    ]:
        try:
            module.connect(**address(port), **more).close()
        except module.OperationalError as error:
            expect(expected is not None and expected in str(error), f"{more}: {error}")
        else:
            expect(expected is None, f"{more}: a stranger is let in")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    modes = {"psql": psql, "psycopg": psycopg, "sqlalchemy": sqlalchemy, "strangers": strangers}
    parser.add_argument("mode", choices=modes)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--jobs", type=int, required=True)
    arguments = parser.parse_args()
    modes[arguments.mode](arguments.port, arguments.jobs)


if __name__ == "__main__":
    main()
