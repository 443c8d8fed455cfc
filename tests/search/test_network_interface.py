"""The interface on which the workers of a trial connect; tests/cluster/ has two hosts for it."""

import os
import socket

import pytest
import ray

from gan_study.search.cluster import connected
from gan_study.search.network_interface import choose_network_interface

LOOPBACK = socket.if_indextoname(1)
VARIABLES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")  # so that it is restored after the test
        monkeypatch.delenv(name)


def chosen() -> list[str | None]:
    return [os.environ.get(name) for name in VARIABLES]


def test_the_interface_of_the_address_is_chosen() -> None:
    choose_network_interface("127.0.0.1")
    assert chosen() == [LOOPBACK, f"={LOOPBACK}"]


def test_an_address_that_no_interface_has_changes_nothing() -> None:
    choose_network_interface("203.0.113.7")
    assert chosen() == [None, None]


def test_an_interface_that_the_user_has_named_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "mine")
    choose_network_interface("127.0.0.1")
    assert chosen() == ["mine", f"={LOOPBACK}"]


@pytest.mark.ray
def test_every_worker_process_uses_the_interface_of_its_node(ray_address: str) -> None:
    @ray.remote
    def look() -> list[str | None]:
        return [os.environ.get(name) for name in VARIABLES]

    with connected(ray_address, verbose=False, with_dashboard=False, on_hang=print):
        (node,) = ray.nodes()
        choose_network_interface(node["NodeManagerAddress"])
        assert ray.get(look.remote()) == chosen()
    assert None not in chosen()
