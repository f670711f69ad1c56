"""Fixtures of the local page: run folders written by hand, in the form that runs leave, and a server on them."""

import http.client
import json
import threading

import pytest
from recorder import Recorder
from stub_ground import no_torch, own_cache, stub_task, third_party

from harness.evidence.compare import Settings, compare
from harness.evidence.event_file import EventFile
from harness.store.files import write_atomically
from harness.task import load_task
from harness.viewing.server import Viewer

__all__ = ["no_torch", "own_cache", "stub_task", "third_party"]


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def make(runs):
    """Write a run folder: its result, where there is one, and its events."""

    def make(name, found=None, *events):
        folder = runs / name
        folder.mkdir(mode=0o700)
        write_atomically(folder / "identity.json", "{}")
        if found is not None:
            write_atomically(folder / "result.json", json.dumps(found))
            write_atomically(folder / "report.html", "<!doctype html><title>the report</title>")
        for event, values in events:
            EventFile(folder).add(event, **values)
        return folder

    return make


@pytest.fixture
def server(runs):
    with Viewer(runs) as viewer:
        thread = threading.Thread(target=viewer.serve_forever, daemon=True)
        thread.start()
        yield viewer
        viewer.shutdown()
        thread.join()


@pytest.fixture
def get(server):
    """Ask the server; a path that does not begin with '/' is below the token."""

    def get(path="", host=None, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.putrequest(method, path if path.startswith("/") else server.base + path, skip_host=True)
        connection.putheader("Host", f"127.0.0.1:{server.port}" if host is None else host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers

    return get


@pytest.fixture
def stub_runs(runs, stub_task):
    """Make real runs whose answers come from a rule."""

    def make(*names):
        task = load_task(stub_task("steady"))
        for name in names:
            compare(task, Settings(runs / name), Recorder())

    return make
