"""The server: this machine alone, one secret address, and nothing but what lies in the runs folder's runs.

Four walls. It listens on the loopback address; the address holds a random token, so that another user of this machine
and a page in the browser cannot guess it; a request must name this host, so that a name that leads here (DNS rebinding)
is refused; and a request never holds a path: runs and files are looked up by name among those that are there.
"""

import hmac
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from harness.errors import HarnessError, of_the_disk
from harness.evidence.diff import diff_runs
from harness.evidence.diff_outputs import rendered_difference
from harness.evidence.event_file import EVENTS, read_events
from harness.viewing.catalogue import Entry, entries, folder_of
from harness.viewing.follow import progress_of
from harness.viewing.pages import fault_page, policy, run_page, runs_page

HOST = "127.0.0.1"
# What of a run may be opened, and as what; a report brings the strict policy of its own.
FILES = {
    "report.html": "text/html; charset=utf-8",
    "report.items.html": "text/html; charset=utf-8",  # where the report has many items
    "report.md": "text/plain; charset=utf-8",
    "result.json": "application/json",
    "result.xml": "application/xml",
    EVENTS: "text/plain; charset=utf-8",
    "run.log": "text/plain; charset=utf-8",
}
_OWN_POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; connect-src 'none'"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    policy: str = ""  # content security policy; '' for the pages' own


class Viewer(ThreadingHTTPServer):
    """Serves the runs of one folder until it is shut down."""

    daemon_threads = True

    def __init__(self, runs: Path, port: int = 0) -> None:
        """Take a port of the loopback address.

        Args:
            runs: The folder.
            port: 0 for any that is free.

        Raises:
            HarnessError: If the port cannot be taken.
        """
        self.runs = runs.resolve()
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as fault:
            raise HarnessError(f"port {port} cannot be taken ({fault}); give another --port, or none") from fault

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that left before its answer was written."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    @property
    def base(self) -> str:
        """Where the pages are: '/TOKEN/'."""
        return f"/{self.token}/"

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self.port}{self.base}"


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD; other methods are refused by the library, with 501."""

    server: Viewer
    server_version, sys_version = "harness", ""
    protocol_version = "HTTP/1.0"
    timeout = 30
    _safe: ClassVar[Mapping[str, str]] = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }

    def do_GET(self) -> None:  # noqa: N802
        """Answer."""
        self._send(self._answer(), is_whole=True)

    def do_HEAD(self) -> None:  # noqa: N802
        """Answer without the body."""
        self._send(self._answer(), is_whole=False)

    def log_message(self, format: str, *args: object) -> None:
        """Keep requests out of the terminal: their addresses hold the token."""

    def _answer(self) -> Answer:
        host = self.headers.get("Host", "")
        if host not in (f"{HOST}:{self.server.port}", f"localhost:{self.server.port}"):
            return _fault(HTTPStatus.FORBIDDEN, "this server answers to its own address alone", "/")
        try:
            asked = urlsplit(self.path)
        except ValueError:
            return _fault(HTTPStatus.BAD_REQUEST, "this is not an address", "/")
        token, *parts = asked.path.partition("/")[2].split("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
            return _fault(HTTPStatus.NOT_FOUND, "there is no such page; open the address that the terminal shows", "/")
        try:
            return self._page([unquote(part) for part in parts], parse_qs(asked.query))
        except HarnessError as fault:
            return _fault(HTTPStatus.CONFLICT, str(fault), self.server.base)
        except OSError as fault:
            return _fault(HTTPStatus.CONFLICT, str(of_the_disk(fault)), self.server.base)
        except Exception as fault:  # the boundary of a request: the others continue
            text = f"{type(fault).__name__}: {fault}; please report this"
            return _fault(HTTPStatus.INTERNAL_SERVER_ERROR, text, self.server.base)

    def _page(self, parts: list[str], query: Mapping[str, list[str]]) -> Answer:
        given = {name: values[0] for name, values in query.items()}
        base = self.server.base
        if parts == [""]:
            page = runs_page(entries(self.server.runs), given.get("q", ""), given.get("verdict", ""), base)
            return Answer(page.encode())
        if parts == ["diff"]:
            return self._diff(given.get("before", ""), given.get("after", ""))
        if len(parts) == 3 and parts[0] == "run":
            return self._run(parts[1], parts[2])
        return _fault(HTTPStatus.NOT_FOUND, "there is no such page", base)

    def _run(self, name: str, file: str) -> Answer:
        """Draw a run's page, or send one of its files."""
        folder = folder_of(self.server.runs, name)
        there = [known for known in FILES if folder and _is_own(folder / known)]
        if folder is None or file not in ("", *there):
            return _fault(HTTPStatus.NOT_FOUND, "there is no such run, or no such file of it", self.server.base)
        if file:
            return Answer((folder / file).read_bytes(), FILES[file], policy=_OWN_POLICY)
        entry: Entry = next(entry for entry in entries(self.server.runs) if entry.name == name)
        return Answer(run_page(entry, progress_of(read_events(folder)), there, self.server.base).encode())

    def _diff(self, before: str, after: str) -> Answer:
        folders = [folder_of(self.server.runs, name) for name in (before, after)]
        if folders[0] is None or folders[1] is None:
            return _fault(HTTPStatus.NOT_FOUND, "choose two runs of the list", self.server.base)
        text = rendered_difference("html", diff_runs(folders[0], folders[1])).text
        return Answer(text.encode(), policy=_OWN_POLICY)

    def _send(self, answer: Answer, *, is_whole: bool) -> None:
        self.send_response(answer.status)
        for name, value in self._safe.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", answer.policy or policy())
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if is_whole:
            self.wfile.write(answer.body)


def _is_own(path: Path) -> bool:
    """Whether it is a file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def _fault(status: HTTPStatus, text: str, base: str) -> Answer:
    return Answer(fault_page(text, base).encode(), status=status)
