import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real files that the environment variable GAN_STUDY_DATA names; without it the test is skipped."""
    folder = os.environ.get("GAN_STUDY_DATA")
    if not folder:
        pytest.skip("needs real files: set GAN_STUDY_DATA to the folder that holds them")
    return Path(folder)
