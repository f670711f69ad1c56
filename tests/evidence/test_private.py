"""What we write is ours alone, and what somebody else may have written is not believed."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.assets.cache import make_whole
from harness.atomic import intruder, is_private, locked, private
from harness.errors import ModelError, StoreError
from harness.evidence.compare import redraw
from harness.store.cache import AnswerStore
from harness.store.files import appending, write_atomically
from harness.store.folder import RunFolder
from harness.store.ledger import SCHEMA_VERSION, Ledger

IDENTITY = {"task": "faq", "content": "c0ffee", "model": "abc", "versions": "1234"}
HARNESS = str(Path(sys.executable).with_name("harness"))


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder):
    """Rights of a folder and of all in it that differ from ours alone."""
    found = {path: stat.S_IMODE(path.lstat().st_mode) for path in [folder, *folder.rglob("*")]}
    return {path.name: oct(mode) for path, mode in found.items() if mode & 0o077}


def made(folder):
    run = RunFolder(folder)
    with run.locked():
        run.claim(IDENTITY)
        Ledger(run.ledger).close()
        write_atomically(run.snapshot, "{}")
        with appending(run.log) as log:
            log.write("x")
    return run


def test_run_folder_is_its_owner_s_alone_whatever_the_umask_which_is_put_back(tmp_path, umask):
    made(tmp_path / "run")
    assert modes(tmp_path / "run") == {}
    assert os.umask(umask) == umask


def test_cache_folders_are_their_owner_s_alone_whatever_the_umask(tmp_path, umask):
    make_whole(tmp_path / "own" / "models" / "one", lambda folder: (folder / "a").write_text("a") and None)
    AnswerStore(tmp_path / "own" / "answers.sqlite").close()
    assert modes(tmp_path / "own") == {}


def test_run_of_the_command_is_its_owner_s_alone_and_its_export_too(tmp_path, stub_task):
    task = stub_task("steady")
    command = f"umask 000; exec {HARNESS} compare {task} --out {tmp_path / 'run'}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert modes(tmp_path / "run") == {}
    assert subprocess.run(["bash", "-c", f"umask 000; exec {HARNESS} report {tmp_path / 'run'}"]).returncode == 0
    assert modes(tmp_path / "run") == {}


# ---- links -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["run.log", "ledger.sqlite", ".lock", "identity.json", "data", "adapters/x", "report.html"]
)
def test_link_in_a_run_folder_is_refused_and_nothing_is_written_through_it(tmp_path, name):
    run = made(tmp_path / "run")
    victim = tmp_path / "victim"
    place = run.path / name
    place.parent.mkdir(exist_ok=True)
    if place.is_dir():
        place.rename(victim)
    else:
        victim.write_text("mine")
        place.unlink(missing_ok=True)
    place.symlink_to(victim)
    before = victim.stat().st_mtime_ns
    for use in (lambda: run.locked().__enter__(), lambda: redraw(run.path)):
        with pytest.raises(StoreError, match=f"{name} is a link, and a run folder holds none"):
            use()
    assert victim.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["identity.json", "data/task.json", "run.log"])
def test_pipe_in_a_run_folder_is_refused_and_not_waited_for(tmp_path, name):
    run = made(tmp_path / "run")
    place = run.path / name
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    for use in (lambda: run.locked().__enter__(), lambda: redraw(run.path)):
        with pytest.raises(StoreError, match=f"{name} is a pipe, a socket or a device, and a run folder holds none"):
            use()


def test_log_and_lock_are_never_opened_through_a_link(tmp_path):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError):
        appending(tmp_path / "link")
    with pytest.raises(OSError), locked(tmp_path / "link", waits=False):
        pass
    assert (tmp_path / "victim").read_text() == "mine"


# ---- other hands ------------------------------------------------------------------------------


def test_folder_that_others_may_write_is_not_believed(tmp_path):
    run = made(tmp_path / "run")
    for path in (run.path, run.ledger):
        run.path.chmod(0o755)  # others may enter
        path.chmod(0o777)
        with pytest.raises(StoreError, match="may be written by others, so it is not trusted"):
            redraw(run.path)
        path.chmod(0o700)


NOBODY = 65534
GROUP = 54321  # a number that no user of this system has


def forked(user, function):
    """Call a function in a child that is another user where root asks (no user: as we are); return what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if user is not None:
                os.setgroups([GROUP])
                os.setegid(user)
                os.seteuid(user)
            said = repr(function())
        except BaseException as fault:  # the child must end here, whatever comes
            said = f"raised {fault!r}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return eval(pipe.read(), {})  # our own repr


USERS = [pytest.param(None, id="as we are")]
USERS += [pytest.param(NOBODY, id="as another user")] if os.geteuid() == 0 else []


@pytest.fixture
def place():
    """A folder that every user can reach; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="private-", dir="/tmp") as folder:
        path = Path(folder)
        path.chmod(0o777)
        yield path


def faults(place, mode, *, folder=0o700, is_linked=False, group=None):
    """Say what is found of a file with this mode in a folder with that one, both made here and now."""
    own = place / "own"
    own.mkdir()
    file = own / "file"
    file.write_text("x")
    if group is not None:
        os.chown(file, -1, group)
    file.chmod(mode)
    if is_linked:
        (place / "elsewhere").hardlink_to(file)
    own.chmod(folder)
    return intruder(file, is_enclosed=is_private(own))


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(
    ("mode", "more", "found"),
    [
        (0o666, {}, ""),  # nobody else can come so far: a default ACL, or a volume of a container
        (0o660, {}, ""),
        (0o666, {"folder": 0o711}, "may be written by others"),
        (0o666, {"folder": 0o750}, "may be written by others"),
        (0o666, {"is_linked": True}, "may be written by others"),  # by its other name
        (0o644, {"folder": 0o755}, ""),
    ],
)
def test_rights_count_where_somebody_else_can_reach_them(place, user, mode, more, found):
    assert forked(user, lambda: faults(place, mode, **more)) == found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives itself a group")
@pytest.mark.parametrize("user", USERS[1:])
def test_group_in_which_nobody_else_is_may_write_and_another_may_not(place, user):
    # GROUP is a number that the child alone is in, as a container's volume has it; 0 is root's group, another user's
    assert forked(user, lambda: faults(place, 0o660, folder=0o750, group=GROUP)) == ""
    (place / "own").rename(place / "first")
    (place / "first" / "file").chmod(0o660)
    os.chown(place / "first" / "file", user, 0)
    assert forked(user, lambda: intruder(place / "first" / "file")) == "may be written by others"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_files_of_root_are_trusted_by_a_user_and_those_of_a_user_not_by_root(place):
    (place / "file").write_text("x")
    assert forked(NOBODY, lambda: intruder(place / "file")) == ""
    os.chown(place / "file", NOBODY, -1)
    assert forked(None, lambda: intruder(place / "file")) == "belongs to another user"


@pytest.fixture
def give_away(monkeypatch):
    """Return what makes a file another user's, as far as the system says: only root could really give it away."""
    real, given = Path.lstat, {}

    def lstat(path):
        found = real(path)
        mode, ino, dev, nlink, uid, *others = found
        return os.stat_result((mode, ino, dev, nlink, given[path], *others)) if path in given else found

    monkeypatch.setattr(Path, "lstat", lstat)
    return given.__setitem__


def test_files_of_root_are_trusted_and_those_of_other_users_not(place, give_away):
    (place / "file").write_text("x")
    give_away(place / "file", 0)
    assert intruder(place / "file") == ""
    give_away(place / "file", os.geteuid() + 1)
    assert intruder(place / "file") == "belongs to another user"


def test_files_of_another_user_are_not_believed(tmp_path, give_away):
    run = made(tmp_path / "run")
    give_away(run.ledger, os.geteuid() + 1)
    with pytest.raises(StoreError, match=r"ledger\.sqlite belongs to another user"), run.locked():
        pass
    cache = tmp_path / "own"
    make_whole(cache / "one", lambda folder: (folder / "a").write_text("a") and None)
    give_away(cache / "one" / "a", os.geteuid() + 1)
    with pytest.raises(ModelError, match="a belongs to another user"):
        make_whole(cache / "one", lambda folder: None)


def test_cache_that_others_may_write_is_not_believed(tmp_path):
    target = make_whole(tmp_path / "own" / "one", lambda folder: (folder / "a").write_text("a") and None)
    for path in (target, target / "a", tmp_path / "own"):
        before = path.stat().st_mode
        target.chmod(0o755)  # others may enter
        path.chmod(0o777)
        with pytest.raises(ModelError, match="may be written by others"):
            make_whole(target, lambda folder: None)
        path.chmod(before)
        target.chmod(0o700)
    (target / "a").rename(tmp_path / "a")
    (target / "a").symlink_to(tmp_path / "a")
    with pytest.raises(ModelError, match="a is a link"):
        make_whole(target, lambda folder: None)


@pytest.mark.parametrize("mode", [0o666, 0o622])
def test_remembered_answers_that_others_may_write_are_not_used(tmp_path, mode):
    said = []
    store = AnswerStore(tmp_path / "own" / "answers.sqlite", said.append)
    store.put("key", "{}")
    store.close()
    (tmp_path / "own").chmod(0o755)  # others may enter
    (tmp_path / "own" / "answers.sqlite").chmod(mode)
    store = AnswerStore(tmp_path / "own" / "answers.sqlite", said.append)
    assert store.get("key") is None
    assert "may be written by others" in said[0]


def test_content_of_equal_size_is_found_when_it_is_used(tmp_path):
    target = make_whole(tmp_path / "one", lambda folder: (folder / "a").write_text('{"gold": 0}') and None)
    (target / "a").write_text('{"gold": 1}')
    make_whole(target, lambda folder: (folder / "a").write_text('{"gold": 0}') and None)
    assert (target / "a").read_text() == '{"gold": 0}'


def test_what_we_write_is_no_intruder(tmp_path):
    with private():
        (tmp_path / "file").write_text("x")
    assert intruder(tmp_path / "file") == ""


# ---- the ledger's tables ------------------------------------------------------------------------

ENDLESS = """CREATE VIEW states AS WITH RECURSIVE r(name, stage, record, seal) AS
    (SELECT 'a', 'b', 'c', 'd' UNION ALL SELECT name, stage, record, seal FROM r) SELECT * FROM r;"""


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION])
@pytest.mark.parametrize(
    "script",
    [
        ENDLESS,
        "CREATE TABLE other (x);",
        "CREATE TABLE states (name TEXT, stage TEXT, record TEXT, seal TEXT);",
        "CREATE TABLE a (x); CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; END;",
    ],
)
def test_ledger_with_other_tables_is_refused_before_one_is_asked(tmp_path, script, version):
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(f"{script} PRAGMA user_version={version};")
    connection.close()
    with pytest.raises(StoreError, match="holds other tables than a ledger's"):
        Ledger(path)


def test_ledger_whose_maker_was_killed_half_way_is_made_whole(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    connection = sqlite3.connect(path)
    connection.executescript("DROP TABLE states; PRAGMA user_version=0;")
    connection.close()
    assert Ledger(path).state("any", "stage") is None
