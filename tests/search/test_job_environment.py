"""A command that runs as a Ray job, whose own environment names what the command passes on to workers."""

import json

import pytest

from gan_study.search.cluster import connected

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_a_job_may_name_the_store_that_its_workers_use(ray_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "http://127.0.0.1:9000"
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    job = {"runtime_env": {"env_vars": {"AWS_ENDPOINT_URL": address}}, "metadata": {}}
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps(job))

    with connected(ray_address, verbose=False, with_dashboard=False, on_hang=pytest.fail) as cluster:
        assert cluster.joined
