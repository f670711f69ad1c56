"""A hub on this machine, of one data set: as much of its protocol as the libraries need to read it."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SET = "owner/sums"
API, FILES = f"/api/datasets/{SET}", f"/datasets/{SET}/resolve/"


class Hub(ThreadingHTTPServer):
    """Serves the files of a commit.

    Attributes:
        commit: The newest, 40 hex digits.
        files: By name, of every commit that is not in `of_commit`.
        of_commit: Those of some commits.
        changes_after: A file; with its first answer `commit` becomes `next_commit`.
        asked: Path of every request.
    """

    def __init__(self, files: Mapping[str, bytes], commit: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.files, self.commit = files, commit
        self.of_commit: dict[str, Mapping[str, bytes]] = {}
        self.changes_after, self.next_commit = "", ""
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def running(self) -> Iterator["Hub"]:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.server.asked.append(path)
        if path == "/":
            self._say(b"")
        elif path == API or path.startswith(f"{API}/revision/"):
            commit = self._commit(path.removeprefix(API).removeprefix("/revision/") or "main")
            siblings = [{"rfilename": name} for name in self._files(commit)]
            self._say_json({"id": SET, "sha": commit, "siblings": siblings, "private": False, "tags": []})
        elif path.startswith(f"{API}/tree/"):
            files = self._files(self._commit(path.removeprefix(f"{API}/tree/").split("/")[0]))
            self._say_json([_entry(name, content) for name, content in files.items()])
        elif path.startswith(FILES):
            self._say_file(path.removeprefix(FILES))
        else:
            self._say(b"{}", 404)

    def _say_file(self, where: str) -> None:
        revision, _, name = where.partition("/")
        commit = self._commit(revision)
        files = self._files(commit)
        if name not in files:
            self._say(b"", 404, **{"X-Repo-Commit": commit, "X-Error-Code": "EntryNotFound"})
            return
        self._say(files[name], **{"X-Repo-Commit": commit, "ETag": f'"{_entry(name, files[name])["oid"]}"'})
        if name == self.server.changes_after and self.command == "GET":
            self.server.commit = self.server.next_commit

    def _commit(self, revision: str) -> str:
        return self.server.commit if revision == "main" else revision

    def _files(self, commit: str) -> Mapping[str, bytes]:
        return self.server.of_commit.get(commit, self.server.files)

    def _say_json(self, said: object) -> None:
        self._say(json.dumps(said).encode())

    def _say(self, body: bytes, code: int = 200, **headers: str) -> None:
        self.send_response(code)
        usual = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in (usual | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _entry(name: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "oid": hashlib.sha1(content).hexdigest(), "size": len(content), "path": name}
