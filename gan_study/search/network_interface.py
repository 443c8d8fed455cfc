"""The network interface that the workers of a trial use to reach each other."""

import os


def choose_network_interface(address: str) -> None:
    """Let Gloo and NCCL use the interface that has the IP address `address`, unless the user has named another.

    Otherwise Gloo takes the address of the host's name, which Debian and Ubuntu map to loopback, so that workers on
    different hosts cannot connect.
    """
    # Imported here because only worker processes need it.
    import psutil

    for name, entries in psutil.net_if_addrs().items():
        if any(entry.address == address for entry in entries):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
            os.environ.setdefault("NCCL_SOCKET_IFNAME", f"={name}")  # without `=`, NCCL takes any name that begins so
            return
