"""Ports: which can be listened on, and who holds the others."""

import os
import socket

import pytest

from matching.errors import BusyError, InputError
from serving.release.ports import free_port, require_free


def test_a_free_port_can_be_listened_on() -> None:
    require_free("127.0.0.1", free_port())


def test_a_taken_port_is_reported_with_its_holder_and_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BusyError, match=rf"port {port} is held by .*\(process {os.getpid()}\).*TANDEM_PAGES_PORT"):
            require_free("127.0.0.1", port, variable="TANDEM_PAGES_PORT")


def test_an_address_of_another_machine_is_the_mistake_of_a_setting() -> None:
    with pytest.raises(InputError, match=r"cannot listen on 192\.0\.2\.1:3000: .*: set TANDEM_HOST or TANDEM_PORT"):
        require_free("192.0.2.1", 3000)
