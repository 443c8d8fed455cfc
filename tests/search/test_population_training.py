"""A population of real, tiny trainings: every trial's config.json alone leads to its weights again, bit for bit."""

from pathlib import Path

from support.prepared_objective import prepare_digits
from support.scripted_world import make_study
from support.tiny_training import measured

from gan_study.config.reading.trial_file import load_trial
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.director.director import Director
from gan_study.search.sampling.search_storage import SearchStorage
from gan_study.training.distributed import Workers
from gan_study.training.loop import train


def files(folder: TrialFolder) -> dict[str, bytes]:
    places = [f"{kind}/{name}" for kind in ("samples", "snapshots") for name in folder.storage.list_names(kind)]
    return {place: folder.storage.read_bytes(place) for place in places}


def test_every_trial_of_a_population_is_reproduced_from_its_config(tmp_path: Path) -> None:
    prepared = prepare_digits(str(tmp_path / "objective"))
    objective, folder = prepared.load(), RunFolder(str(tmp_path / "run"))
    study = make_study(
        objective={"num_samples": 200},
        arms={"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        defaults={"batch_size": 20, "z_dim": 8, "ema_half_life_kimg": 0.01},
        search_space={
            "g_lr": {"log_uniform": [1e-3, 1e-1]}, "beta1": {"uniform": [0.0, 0.9]},
            "network.width": {"choice": [4, 6]},
        },
        budget={"trials_per_arm": 4, "total_kimg": 0.24, "evaluate_every_kimg": 0.08},
        search={"sampler": "random", "scheduler": "pbt", "first_trial": "sampled", "pbt": {"share": 0.5}},
        confirm={"top_k": 1, "seeds": 1},
    )  # fmt: skip
    director = Director(study, folder, prepared.record, SearchStorage(), 1)
    while not director.finished:
        config = director.next_trial()
        assert config is not None
        trial = folder.trial(config.arm, config.name)
        for progress in train(config, prepared.dataset, objective, trial, Workers()):
            if director.receive_progress((config.arm, config.name), progress.status.state, progress.evaluation):
                break
    copies = [copy for generation in folder.read_generations("lsgan") for copy in generation.copies]
    assert len(copies) == 4
    for name in folder.trials("lsgan"):
        trial, again = folder.trial("lsgan", name), TrialFolder(Storage(str(tmp_path / "again" / name)))
        config = load_trial(tmp_path / "run" / "arms" / "lsgan" / name / "config.json")
        assert bool(config.training.schedule) or name not in {copy.child for copy in copies}
        *_, last = train(config, prepared.dataset, objective, again, Workers())
        assert last.status.state is TrialState.COMPLETED
        assert measured(again.read_evaluations()) == measured(trial.read_evaluations())
        assert files(again) == files(trial)
        status = trial.read_status()
        assert status is not None
        assert (status.state, status.num_restarts, status.is_paused) == (TrialState.COMPLETED, 0, False)
