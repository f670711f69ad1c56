"""The local page over HTTP: what it shows, and what it never gives."""

import os
import re
import shutil
import socket
import subprocess
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from view_ground import result

from harness.cli import main
from harness.decision.words import VERDICTS
from harness.viewing.server import HOST, Viewer

HOSTILE = '<script>alert(1)</script>"\x1b[2J'
RUNNING = (
    ("run_started", {"task": "faq", "models": ["m"], "is_fast": False}),
    ("planned", {"jobs": [{"name": "rag"}], "left": 90}),
    ("job_started", {"job": "rag"}),
    ("progress", {"job": "rag", "stage": "training", "done": 12, "total": 60, "left": 80}),
)


def test_runs_are_listed_with_task_model_date_and_verdict_newest_first(make, get):
    make("old", result(manifest={"finished": "2026-11-01T10:00:00+00:00"}))
    make("new", result("routing", "undecided", None, "Undecided: few items."))
    status, page, _ = get()
    assert status == 200
    assert page.index(">new</a>") < page.index(">old</a>")
    for said in ("routing", "smollm2-135m", "2026-11-28 10:00", "Undecided", "Use a prompt: few_shot", "2 of 2 runs"):
        assert said in page


@pytest.mark.parametrize(
    ("query", "names"),
    [("q=routing", ["b"]), ("verdict=prompt", ["a"]), ("q=smollm2+few_shot", ["a"]), ("q=nothing+here", [])],
)
def test_list_is_filtered_by_words_and_verdict(make, get, query, names):
    make("a", result())
    make("b", result("routing", "undecided", None, "Undecided."))
    _, page, _ = get(f"?{query}")
    assert re.findall(r'run/(\w+)/">', page) == names


def test_running_run_shows_its_stage_and_time_left_and_asks_for_itself_again(make, get):
    make("live", None, *RUNNING)
    _, page, _ = get("run/live/")
    for said in ("running", "training 12 of 60", "about 1 min 20 s left", 'http-equiv="refresh"'):
        assert said in page
    make("done", result())
    assert "refresh" not in get("run/done/")[1]


def test_two_real_runs_are_drawn_side_by_side(runs, get, stub_runs):
    stub_runs("one", "two")
    status, page, headers = get("diff?before=one&after=two")
    assert status == 200
    assert "Verdict then and now" in page
    assert get("diff?before=one&after=../one")[0] == 404


def test_every_page_has_the_strict_policy_and_holds_no_script(make, get):
    make("a", result())
    for path in ("", "run/a/", "run/none/", "/"):
        _, page, headers = get(path)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "<script" not in page and "style=" not in page
        assert not re.findall(r"(?:src|href|action)=\"(?!/)[^\"]*", page)


def test_hostile_names_and_lines_are_text(make, get):
    make("a", result(HOSTILE, arm=HOSTILE, sentence=HOSTILE), ("run_started", {}), ("log", {"message": HOSTILE}))
    for path in ("", "run/a/"):
        page = get(path)[1]
        assert "<script" not in page and "\x1b" not in page
        assert "<script>alert(1)</script>" in unescape(page)


HOSTS = ["", "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{port}"]


@pytest.mark.parametrize("host", HOSTS)
def test_request_that_names_another_host_is_refused(get, server, host):
    assert get(host=host.format(port=server.port))[0] == 403


def test_localhost_is_this_machine_too(get, server):
    assert get(host=f"localhost:{server.port}")[0] == 200


@pytest.mark.parametrize("path", ["/", "/wrong/", "/favicon.ico", "//", "/%00/", "/%C3%A9/"])
def test_nothing_is_given_without_the_token(make, get, path):
    make("secret-run", result())
    status, page, _ = get(path)
    assert status == 404
    assert "secret-run" not in page


def test_tokens_are_random_and_long(runs):
    with Viewer(runs) as one, Viewer(runs) as other:
        assert one.token != other.token
        assert len(one.token) >= 32
        assert one.server_address[0] == HOST == "127.0.0.1"


@pytest.mark.parametrize(
    "path",
    [
        "run/../../secret.txt",
        "run/..%2f..%2fsecret/report.html",
        "run/a/../../../secret.txt",
        "run/a/..%2f..%2f..%2fsecret.txt",
        "run/a/ledger.sqlite",
        "run/a/identity.json",
        "run/a/%2fetc%2fpasswd",
        "run/linked/report.html",
        "run/a/run.log",
        "run//report.html",
        "run/./report.html",
    ],
)
def test_nothing_outside_the_runs_is_served_nor_what_is_no_report(make, runs, tmp_path, get, path):
    (tmp_path / "secret.txt").write_text("secret")
    folder = make("a", result())
    outside = shutil.copytree(folder, tmp_path / "outside")
    (runs / "linked").symlink_to(outside)
    (folder / "run.log").symlink_to(tmp_path / "secret.txt")
    status, page, _ = get(path)
    assert status == 404
    assert "secret" not in page.replace("secret.txt", "")


def test_folder_that_others_may_write_is_no_run(make, get):
    make("a", result()).chmod(0o777)
    assert get("run/a/")[0] == 404
    assert "0 of 0 runs" in get()[1]


def test_report_is_served_as_it_is_under_its_own_policy(make, get):
    make("a", result())
    status, page, headers = get("run/a/report.html")
    assert (status, page) == (200, "<!doctype html><title>the report</title>")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_verdicts_have_the_words_of_the_report(make, get):
    for action, words in VERDICTS.items():
        make(action, result(action, action, None, "A sentence."))
        assert f'<strong class="{action}">{words}</strong>' in get(f"?q={action}")[1]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_page_can_only_be_read(make, get, method):
    make("a", result())
    assert get("run/a/", method=method)[0] == 501
    assert get("run/a/", method="HEAD")[1] == ""


def test_damaged_run_is_listed_as_unreadable_and_ends_nothing(make, get):
    folder = make("a", result())
    (folder / "result.json").write_text("[")
    (folder / "events.jsonl").write_text('{"v": 1, "event": "planned", "jobs": 7}\n')
    assert get()[0] == 200
    assert "unreadable" in get()[1]


@pytest.mark.parametrize("file", ["result.json", "events.jsonl"])
@pytest.mark.parametrize("damage", ["deep", "pipe"])
def test_run_that_cannot_be_read_hides_no_other(make, get, file, damage):
    make("sound", result())
    folder = make("odd", result())
    (folder / file).unlink(missing_ok=True)
    if damage == "pipe":
        os.mkfifo(folder / file)
    else:
        (folder / file).write_text("[" * 200_000)
    status, page, _ = get()
    assert status == 200
    assert "sound" in page and "odd" in page


def test_no_folder_is_refused_in_a_sentence(tmp_path):
    done = CliRunner().invoke(main, ["view", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "is not a folder; give the one that holds the runs" in done.output


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def browsed(address: str, profile: Path) -> str:
    """Return a page as a browser has it after loading."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--dump-dom"]
    done = subprocess.run([chromium(), *options, address], capture_output=True, text=True, timeout=180)
    return done.stdout


@pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome on this machine")
def test_real_browser_shows_list_run_and_difference_with_their_style(make, runs, server, tmp_path, stub_runs):
    stub_runs("one", "two")
    make("live", None, *RUNNING)
    page = browsed(server.address, tmp_path / "profile")
    assert "3 of 3 runs." in page
    assert page.count("<option") == 7 + 2 * 3
    live = browsed(f"{server.address}run/live/", tmp_path / "profile")
    assert "training 12 of 60" in live
    difference = browsed(f"{server.address}diff?before=one&amp;after=two".replace("&amp;", "&"), tmp_path / "profile")
    assert "Verdict then and now" in difference


@pytest.mark.parametrize("line", ["GET foo HTTP/1.0", "GET http://[ HTTP/1.0", "GET / HTTP/1.0"])
def test_odd_request_gets_a_fault_and_leaves_the_terminal_alone(server, capsys, line):
    with socket.create_connection((HOST, server.port), timeout=60) as asked:
        asked.sendall(f"{line}\r\nHost: {HOST}:{server.port}\r\n\r\n".encode())
        answer = asked.makefile("rb").read()
    assert answer.split()[1] in (b"400", b"404")
    assert capsys.readouterr().err == ""


def test_items_of_a_large_report_are_opened_beside_it(make, get):
    folder = make("large", result())
    (folder / "report.items.html").write_text("<title>all items</title>")
    assert get("run/large/report.items.html")[:2] == (200, "<title>all items</title>")
