import pytest
from support.prepared_objective import Prepared

from gan_study.extractors.objective import Objective


@pytest.fixture(scope="session")
def objective(prepared: Prepared) -> Objective:
    """The real scorer, with 200 samples."""
    return prepared.load()
