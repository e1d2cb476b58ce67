"""STAC servers for the tests: rustac's, and a small one of ours that filters, and fails on demand."""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from enspatial import CatalogueProfile
from enspatial.demo.generated import geotiff

#: Extensions that a catalogue declares.
CORE = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"]
QUERY = "https://api.stacspec.org/v1.0.0/item-search#query"
#: Where all small scenes lie: longitudes and latitudes.
BOX = [11.97, 44.86, 11.98, 44.875]


def item(id, day, clouds, files, **properties):
    """A STAC item whose files are at these addresses, by key."""
    west, south, east, north = BOX
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": id,
        "collection": "sentinel-2-l2a",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": BOX,
        "properties": {"datetime": f"{day}T10:00:00Z", "eo:cloud_cover": clouds, **properties},
        "links": [],
        "assets": {key: {"type": "image/tiff; application=geotiff", **asset} for key, asset in files.items()},
    }


class Server:
    """A server of files and of a STAC API, which notes what it is asked and fails as told.

    Attributes:
        files: bytes by path.
        items: of its one collection.
        conforms: what it declares.
        filters: false for a server that answers nothing to a filter that it does not know.
        faults: by path, functions of the request that are used up one after the other; one that returns true has answered.
        asked: number of requests by path.
        bodies: the searches.
    """

    def __init__(self, port=0):
        self.files, self.items, self.conforms, self.filters = {}, [], [*CORE, QUERY], True
        self.faults, self.asked, self.bodies, self.tokens = {}, Counter(), [], []
        self.parts, self.given = True, 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                owner.answer(self)

            def do_POST(self):
                owner.answer(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.http.daemon_threads = True
        self.host = f"127.0.0.1:{self.http.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def profile(self, **facts):
        """Its profile, with a rate at which tests do not wait."""
        return CatalogueProfile(self.url, requests_per_second=1e6, **{"timeout_seconds": 5.0, **facts})

    def put(self, path, values, **place):
        """Serve a GeoTIFF; returns its asset."""
        self.files[path] = geotiff(np.asarray(values), **place)
        return {"href": f"{self.url}{path}", "file:size": len(self.files[path])}

    def add(self, id, day="2020-06-01", clouds=10, value=5000, **properties):
        """Serve a scene of 4 × 6 pixels with an item."""
        shape = (4, 6)
        files = {
            "red": self.put(f"/{id}/red.tif", np.full(shape, 1000, dtype=np.uint16)),
            "nir": self.put(f"/{id}/nir.tif", np.full(shape, value, dtype=np.uint16)),
            "scl": self.put(f"/{id}/scl.tif", np.full(shape, 4, dtype=np.uint8)),
        }
        self.items.append(item(id, day, clouds, files, **properties))
        return self.items[-1]

    def answer(self, request):
        path = request.path.partition("?")[0]
        self.asked[path] += 1
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        fault = self.faults.get(path)
        if fault and fault.pop(0)(request):
            return
        if path == "/token":
            self.tokens.append(body.decode())
            self.send(request, {"access_token": f"token {len(self.tokens)}"})
        elif path in self.files:
            self.give(request, self.files[path])
        elif path == "/search":
            self.bodies.append(json.loads(body))
            self.send(request, {"type": "FeatureCollection", "features": self.found(self.bodies[-1]), "links": []})
        elif path == "/":
            links = [
                {"rel": "self", "href": self.url},
                {"rel": "search", "href": f"{self.url}/search", "type": "application/geo+json", "method": "POST"},
            ]
            root = {
                "type": "Catalog",
                "id": "test",
                "stac_version": "1.0.0",
                "description": "of a test",
                "links": links,
            }
            self.send(request, root | ({"conformsTo": self.conforms} if self.conforms else {}))
        else:
            request.send_error(404)

    def found(self, body):
        query = body.get("query", {}).get("eo:cloud_cover")
        if query and not self.filters:
            return []
        most = query["lt"] if query else 101
        return [each for each in self.items if each["properties"].get("eo:cloud_cover", 0) < most]

    def give(self, request, content):
        """Bytes, or the part of them that is asked for."""
        asked = request.headers.get("Range")
        if asked is None or not self.parts:
            self.send(request, content, "image/tiff")
            return
        first, last = (int(each) for each in asked.removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        self.given += len(part)
        request.send_response(206)
        request.send_header("Content-Length", str(len(part)))
        request.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(content)}")
        request.end_headers()
        request.wfile.write(part)

    def send(self, request, content, kind="application/json"):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)


def busy(seconds):
    """A fault: too many requests."""

    def fault(request):
        request.send_response(429)
        request.send_header("Retry-After", str(seconds))
        request.send_header("Content-Length", "0")
        request.end_headers()
        return True

    return fault


def status(code):
    """A fault: an answer with this status."""

    def fault(request):
        request.send_response(code)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return True

    return fault


def refusal(content, code):
    """Answers with these bytes."""

    def fault(request):
        request.send_response(code)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
        return True

    return fault


def cut(content):
    """A fault: half of what is announced, then the end."""

    def fault(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: len(content) // 2])
        request.wfile.flush()
        request.connection.close()
        return True

    return fault


def short(content):
    """A fault: half of it, announced as if it were all."""

    def fault(request):
        half = content[: len(content) // 2]
        request.send_response(200)
        request.send_header("Content-Length", str(len(half)))
        request.end_headers()
        request.wfile.write(half)
        return True

    return fault


def reset(request):
    """A fault: the connection is closed without an answer."""
    request.connection.close()
    return True


def slow(seconds):
    """A fault: no answer for so long."""

    def fault(request):
        time.sleep(seconds)
        return False

    return fault


def needs_token(token):
    """A fault unless the request has this token."""

    def fault(request):
        return request.headers.get("Authorization") != f"Bearer {token}" and status(401)(request)

    return fault


def well(_request):
    """No fault."""
    return False


def redirect(url):
    """A fault: it is elsewhere."""

    def fault(request):
        request.send_response(302)
        request.send_header("Location", url)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return True

    return fault


@contextmanager
def rustac(folder, items, port):
    """A server of rustac over these items; gives its URL."""
    program = shutil.which("rustac", path=str(Path(sys.executable).parent)) or shutil.which("rustac")
    if program is None:
        import rustac as module

        program = str(Path(module.__file__).parents[4] / "bin" / "rustac")
    collection = {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": "sentinel-2-l2a",
        "description": "of a test",
        "license": "other",
        "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
    }
    (folder / "collection.json").write_text(json.dumps(collection))
    (folder / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    url = f"http://127.0.0.1:{port}"
    command = [program, "serve", "collection.json", "items.json", "--addr", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            for _ in range(200):
                try:
                    with urlopen(url, timeout=1):
                        break
                except OSError:
                    assert process.poll() is None, process.stderr.read()
                    time.sleep(0.05)
            yield url
        finally:
            process.terminate()
            process.wait(10)
