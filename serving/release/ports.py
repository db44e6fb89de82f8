"""Ports of this machine: free ones, and the holder of a busy one."""

import errno
import socket

import psutil

from matching.errors import BusyError, InputError


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port of this address that is free at the moment."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(address: str, port: int, *, variable: str = "TANDEM_PORT") -> None:
    """Check that a service can listen here.

    Args:
        address: the address to listen on.
        port: the port to listen on.
        variable: the setting of the port, for the message.

    Raises:
        BusyError: another program does; the message names it if the system reveals it.
        InputError: this machine has no such address, or the port needs more rights.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise InputError(
                    f"cannot listen on {address}:{port}: {error.strerror}: set TANDEM_HOST or {variable}"
                ) from error
            holder = _holder(port)
            by = f" by {holder}" if holder else ""
            raise BusyError(f"port {port} is held{by}: stop it, or set {variable} to a free port") from error


def _holder(port: int) -> str | None:
    """Name and process number of the program that listens on a port; None if the system does not reveal it."""
    try:
        connections = psutil.net_connections(kind="tcp")
        pids = [c.pid for c in connections if c.status == psutil.CONN_LISTEN and c.laddr.port == port and c.pid]
        return f"{psutil.Process(pids[0]).name()} (process {pids[0]})" if pids else None
    except (psutil.Error, OSError):
        return None
