"""Runs the web application on one address until it is interrupted."""

from __future__ import annotations

import errno
import logging
import socket

import uvicorn

from api.http import create_app
from api.output import print_line
from api.service import Service
from eho.errors import InputError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def listen(host: str, port: int) -> socket.socket:
    """Take the address before anything else is done. Raises InputError where that is not possible."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE or getattr(error, "winerror", None) == 10048:
            raise InputError(f"Port {port} on {host} is taken; stop what runs there, or give --port another number.") from error
        raise InputError(f"Cannot listen on {host}:{port}: {error.strerror or error}. Give --host and --port.") from error


def serve_until_interrupted(service: Service, *, host: str, port: int) -> None:
    """Serve until Ctrl-C. Raises InputError where the port is taken."""
    with listen(host, port) as listening:
        serve_on(service, listening, host=host)


def serve_on(service: Service, listening: socket.socket, *, host: str) -> None:
    """Serve on a socket that already listens."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    port = listening.getsockname()[1]
    is_loopback = host in _LOOPBACK or host == "::1"
    app = create_app(service, hosts=_LOOPBACK if is_loopback else ())
    print_line(f"Open http://{f'[{host}]' if ':' in host else host}:{port}/ (Ctrl-C stops).")
    # No access log of uvicorn's: it writes whole addresses, and these hold what people search for.
    config = uvicorn.Config(app, access_log=False, log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listening])
