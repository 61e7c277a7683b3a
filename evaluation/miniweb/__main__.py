"""Run the mini web in the foreground: `python -m evaluation.miniweb [--port N] [--corpus FILE]… [--sources FOLDER]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from eho.errors import EhoError
from evaluation.miniweb.web import MiniWeb, write_sources


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.miniweb", description="Serve the invented outlets on loopback.")
    parser.add_argument("--port", type=int, default=8099, help="port of the proxy; 0 takes a free one (default 8099)")
    parser.add_argument("--corpus", type=Path, action="append", default=[], metavar="FILE", help="JSON lines shown as outlets")
    parser.add_argument("--sources", type=Path, metavar="FOLDER", help="where the sources' YAML files are written")
    parser.add_argument("--no-hostile", action="store_true", help="leave the broken hosts out")
    parser.add_argument("--delay-scale", type=float, default=1.0, help="stretch or shrink every wait")
    chosen = parser.parse_args(arguments)
    try:
        web = MiniWeb(port=chosen.port, corpus=chosen.corpus, hostile=not chosen.no_hostile, delay_scale=chosen.delay_scale)
        with web:
            folder = chosen.sources or Path(tempfile.mkdtemp(prefix="miniweb-sources-"))
            write_sources(web.sources, folder)
            sys.stdout.write(f"proxy {web.proxy_url}\nsources {folder}\n")
            sys.stdout.flush()
            threading.Event().wait()
    except KeyboardInterrupt:
        return 130
    except EhoError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(
            f"Port {chosen.port} cannot be used: {error.strerror}. Choose another with --port, or 0 for a free one.\n"
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
