"""Options that set environment variables: the places of the data sets and of Inception's weights."""

import os
from pathlib import Path

from gan_study.data.places import DATA_ENVIRONMENT, INCEPTION_ENVIRONMENT
from gan_study.errors import InputError
from gan_study.runs.secrets import refuse_secrets


def set_places(data_root: str | None, inception_weights: str | None, address: str | None = None) -> None:
    """Set the environment variables of this process, which a Ray that it starts passes on to the trials.

    Raises InputError if a place does not exist, if the address holds a password, or if a place is given for a cluster
    that was started before.
    """
    if address is not None:
        refuse_secrets(address)
    given = {"--data-root": data_root, "--inception-weights": inception_weights}
    for option, place in given.items():
        if place is None:
            continue
        variable = DATA_ENVIRONMENT if option == "--data-root" else INCEPTION_ENVIRONMENT
        if address is not None:
            raise InputError(
                f"{option}: a cluster that is joined has places of its own, but got --address {address} with "
                f"{option} {place}; set {variable} on each of its machines before `ray start` (cluster.yaml)"
            )
        path = Path(place).expanduser().absolute()
        wanted, is_there = ("folder", path.is_dir()) if option == "--data-root" else ("file", path.is_file())
        if not is_there:
            raise InputError(f"{option}: a {wanted} must be there, but got {place} without one; check the path")
        os.environ[variable] = str(path)
