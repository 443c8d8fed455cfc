"""A trial of a worker group as Ray Tune sees it: it holds an order and passes on the reports of the group."""

from typing import Any

import ray
from ray import tune

from gan_study.search.trials.exchange import ExchangeHandle


class GroupTrial(tune.Trainable):
    """A Tune trial whose steps each wait for the next report of the group that trains it."""

    def setup(  # type: ignore[override]  # Tune adds the argument
        self, config: dict[str, Any], exchange: ExchangeHandle
    ) -> None:
        """Give the order to the groups; the first free one begins the trial, or resumes it from its checkpoint."""
        self._exchange = exchange
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Give the order for another trial to the groups; the driver has told them that the present trial has ended."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Let the group train up to the next evaluation and report it."""
        report: dict[str, Any] = ray.get(self._exchange.next_report.remote(self.trial_id))
        return report

    def _begin(self, config: dict[str, Any]) -> None:
        ray.get(self._exchange.begin.remote(self.trial_id, config))
