"""A real Elasticsearch server for tests and benchmarks, without containers: fetched through Maven, checked, unpacked, started.

    python -m evaluation.elasticsearch_server fetch
    python -m evaluation.elasticsearch_server run [--port N] [--heap MB]

The artefact is the minimal build that Elastic publishes for its own integration tests; its licences (SSPL, Elastic License) allow
running it, and nothing of it is part of Eho. It needs a Java runtime of version 17 or newer and refuses to run as root.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

VERSION = "8.19.21"
ARTEFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
SHA256 = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"
CACHE = Path.home() / ".cache" / "eho" / "elasticsearch"

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
_UNPRIVILEGED = "nobody"
_READY_S = 120.0


class ServerError(RuntimeError):
    """The server could not be fetched or started; one line says why and what to do."""


def archive() -> Path:
    """Return where the fetched archive lies, or is to lie."""
    return CACHE / f"elasticsearch-{VERSION}.zip"


def fetch() -> Path:
    """Fetch the archive through Maven where it is not at hand, and check it. Raises ServerError."""
    path = archive()
    if not path.exists():
        maven = shutil.which("mvn")
        if maven is None:
            raise ServerError("Maven is missing; install it (Debian: apt-get install maven default-jre-headless).")
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [maven, "-B", "-q", f"{_PLUGIN}:copy", f"-Dartifact={ARTEFACT}", f"-DoutputDirectory={CACHE}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CACHE)  # noqa: S603
        if done.returncode or not path.exists():
            said = (done.stdout + done.stderr).strip().splitlines()
            raise ServerError(f"Maven could not fetch {ARTEFACT}: {said[0] if said else 'it said nothing'}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ServerError(f"{path} has the checksum {found}, expected {SHA256}. Delete it and fetch it again.")
    return path


def missing() -> str | None:
    """Say what keeps the server from being started here, None where nothing does."""
    if os.name != "posix":
        return "the test server is started on Linux and macOS only"
    if shutil.which("java") is None:
        return "Java is missing (Debian: apt-get install default-jre-headless)"
    return None if archive().exists() else "the server is not fetched (make elasticsearch)"


def unpacked() -> Path:
    """Return the unpacked server, unpacking it first where needed; another user can read it where this one is root."""
    root = Path(tempfile.gettempdir()) / "eho-elasticsearch" if os.geteuid() == 0 else CACHE
    home = root / f"elasticsearch-{VERSION}"
    if not (home / ".complete").exists():
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as draft:
            with zipfile.ZipFile(fetch()) as zipped:
                zipped.extractall(draft)
            made = Path(draft) / home.name
            for script in (made / "bin").iterdir():
                script.chmod(0o755)
            (made / "plugins").mkdir(exist_ok=True)
            (made / ".complete").touch()
            Path(draft).chmod(0o755)
            with contextlib.suppress(OSError):  # another process was faster
                made.rename(home)
    return home


class Server:
    """One node with data of its own; as a context manager it is started, and ended and removed afterwards."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        heap_mb: int = 512,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        config: Mapping[str, bytes] | None = None,
        scheme: str = "http",
    ) -> None:
        """`config`: files to put into the folder of configuration, such as certificates, users and roles."""
        self._made = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="eho-elasticsearch-node-", dir=_fast())) if folder is None else folder
        self.port = free_port() if port is None else port
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._heap_mb = heap_mb
        self._settings = {
            "discovery.type": "single-node",
            "xpack.security.enabled": "false",
            "xpack.ml.enabled": "false",
            "action.auto_create_index": "false",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "http.port": str(self.port),
            "transport.port": str(free_port()),
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            **(settings or {}),
        }
        self._config = config or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        if self._made:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def config_folder(self) -> Path:
        """The folder of configuration (`ES_PATH_CONF`)."""
        return self.folder / "config"

    def prepare(self) -> None:
        """Lay out folders and configuration for the user that the server runs as."""
        if not self.config_folder.exists():
            shutil.copytree(unpacked() / "config", self.config_folder)
        for name, content in self._config.items():
            (self.config_folder / name).write_bytes(content)
        for name in ("data", "logs", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, _UNPRIVILEGED)

    def start(self) -> None:
        """Start the node and wait until it answers. Raises ServerError with the end of its log."""
        self.prepare()
        log = self.folder / "logs" / "output.log"
        command = [str(unpacked() / "bin" / "elasticsearch"), *(f"-E{name}={value}" for name, value in self._settings.items())]
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603
                command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **self.process_options()
            )
        until = time.monotonic() + _READY_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
                raise ServerError(f"Elasticsearch did not start in {self.folder}: {' / '.join(said)}")
            time.sleep(0.2)

    def kill(self) -> None:
        """End the node at once, as a crash would (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End the node in good order, or at once where it takes more than ten seconds."""
        self._signal(signal.SIGTERM)

    def process_options(self) -> dict[str, Any]:
        """Return how a program of the server is run: without root's rights, with its own memory and temporary files."""
        java = Path(os.path.realpath(shutil.which("java") or "java")).parents[1]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "ES_JAVA_HOME": str(java),
            "ES_JAVA_OPTS": f"-Xms{self._heap_mb}m -Xmx{self._heap_mb}m",
            "ES_PATH_CONF": str(self.config_folder),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "HOME": str(self.folder),
        }
        options: dict[str, Any] = {"env": environment, "cwd": self.folder, "start_new_session": True}
        if os.geteuid() == 0:
            options |= {"user": _UNPRIVILEGED, "extra_groups": []}
        return options

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_cluster/health?wait_for_status=yellow", timeout=5) as answer:  # noqa: S310
                return int(answer.status) == 200
        except urllib.error.HTTPError as error:
            return error.code in (401, 403)  # it is up, and asks who we are
        except urllib.error.URLError as error:
            return "CERTIFICATE_VERIFY_FAILED" in str(error.reason)  # it is up, with a certificate of its own
        except OSError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _fast() -> Path | None:
    """Return a folder in memory where there is one: tests make hundreds of indexes, each written through to the disk."""
    memory = Path("/dev/shm")  # noqa: S108
    return memory if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2e9 else None


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    """Fetch the server, or run it until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("fetch", "run"))
    parser.add_argument("--port", type=int)
    parser.add_argument("--heap", type=int, default=512, metavar="MB")
    arguments = parser.parse_args()
    try:
        fetch()
        if arguments.action == "fetch":
            sys.stdout.write(f"{unpacked()}\n")
            return
        with Server(port=arguments.port, heap_mb=arguments.heap) as server:
            sys.stdout.write(f"{server.url}\n")
            sys.stdout.flush()
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    except ServerError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
