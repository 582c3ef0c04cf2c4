"""A stand-in for the Hugging Face Hub on loopback: data set repositories, as much of them as its client asks for.

Its routes are those of https://huggingface.co/docs/hub/api and of Git LFS's batch API.
"""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_of-the-tests"
COMMIT = "1" * 40


@dataclass
class Hub:
    """What the stand-in has, and how it answers.

    Attributes:
        url: for ``HF_ENDPOINT``.
        private: repository -> whether it is private.
        files: repository -> path -> content.
        commits: how many there were.
        status: answer every request with this status; 0 for the true answer.
        upload_status: the same for the content of large files alone.
    """

    url: str = ""
    private: dict[str, bool] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: int = 0
    status: int = 0
    upload_status: int = 0
    uploaded: dict[str, bytes] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        body = self._body()
        if not self.hub.upload_status:
            self.hub.uploaded[sha256(body).hexdigest()] = body
        self._send(self.hub.upload_status or 200, b"")

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        body, path = self._body(), unquote(urlsplit(self.path).path)
        if self.hub.status:
            self._send(self.hub.status, b"")
            return
        for pattern, answer in _ROUTES:
            if match := re.fullmatch(pattern, path):
                repository = match["repository"]
                if self.headers.get("Authorization") != f"Bearer {TOKEN}" or repository not in self.hub.private:
                    self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
                else:
                    answer(self, repository, match, body)
                return
        self._send(404, b"{}")

    def _info(self, repository: str, _match: re.Match[str], _body: bytes) -> None:
        names = [{"rfilename": name} for name in self.hub.files.get(repository, {})]
        self._json(
            {
                "id": repository,
                "_id": "1",
                "sha": COMMIT,
                "private": self.hub.private[repository],
                "tags": [],
                "siblings": names,
            }
        )

    def _paths(self, repository: str, _match: re.Match[str], body: bytes) -> None:
        kept = self.hub.files.get(repository, {})
        asked = json.loads(body)["paths"] if body.startswith(b"{") else parse_qs(body.decode())["paths"]
        self._json([_entry(name, kept[name]) for name in asked if name in kept])

    def _tree(self, repository: str, match: re.Match[str], _body: bytes) -> None:
        folder = f"{match['path']}/" if match["path"] else ""
        kept = self.hub.files.get(repository, {}).items()
        found = [_entry(name, content) for name, content in kept if name.startswith(folder)]
        if folder and not found:
            self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        else:
            self._json(found)

    def _preupload(self, _repository: str, _match: re.Match[str], body: bytes) -> None:
        self._json(
            {
                "files": [
                    {"path": file["path"], "uploadMode": "lfs", "shouldIgnore": False}
                    for file in json.loads(body)["files"]
                ]
            }
        )

    def _large(self, _repository: str, _match: re.Match[str], body: bytes) -> None:
        self._json(
            {
                "transfer": "basic",
                "objects": [
                    {**each, "actions": {"upload": {"href": f"{self.hub.url}/upload/{each['oid']}"}}}
                    for each in json.loads(body)["objects"]
                ],
            }
        )

    def _commit(self, repository: str, _match: re.Match[str], body: bytes) -> None:
        kept = self.hub.files.setdefault(repository, {})
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "lfsFile":
                kept[entry["value"]["path"]] = self.hub.uploaded[entry["value"]["oid"]]
            elif entry["key"] == "file":
                kept[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
        self.hub.commits += 1
        url = f"{self.hub.url}/datasets/{repository}/commit/{COMMIT}"
        self._json({"success": True, "commitOid": COMMIT, "commitUrl": url})

    def _file(self, repository: str, match: re.Match[str], _body: bytes) -> None:
        content = self.hub.files.get(repository, {}).get(match["path"])
        if content is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        status, headers = 200, {"ETag": f'"{sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
        if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, size = int(wanted[1]), len(content)
            content = content[first : int(wanted[2] or size) + 1]
            status, headers["Content-Range"] = 206, f"bytes {first}-{first + len(content) - 1}/{size}"
        self._send(status, content, headers)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _entry(name: str, content: bytes) -> dict[str, Any]:
    digest = sha1(content, usedforsecurity=False).hexdigest()
    return {"type": "file", "path": name, "size": len(content), "oid": digest}


_REPOSITORY = r"(?P<repository>[^/]+/[^/]+)"
_ROUTES = (
    (rf"/api/datasets/{_REPOSITORY}(?:/revision/[^/]+)?", _Handler._info),
    (rf"/api/datasets/{_REPOSITORY}/paths-info/[^/]+", _Handler._paths),
    (rf"/api/datasets/{_REPOSITORY}/tree/[^/]+(?:/(?P<path>.+))?", _Handler._tree),
    (rf"/api/datasets/{_REPOSITORY}/preupload/[^/]+", _Handler._preupload),
    (rf"/api/datasets/{_REPOSITORY}/commit/[^/]+", _Handler._commit),
    (rf"/datasets/{_REPOSITORY}\.git/info/lfs/objects/batch", _Handler._large),
    (rf"/datasets/{_REPOSITORY}/resolve/[^/]+/(?P<path>.+)", _Handler._file),
)


@contextmanager
def hub_stand_in() -> Iterator[Hub]:
    """A stand-in for as long as the block lasts."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
