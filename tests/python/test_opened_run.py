"""`gan_study.open`: the verdict, the tables and the figures of a run folder, and its errors."""

import csv
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.generator_run import write_generator
from support.s3_server import serve_objects
from support.synthetic_run import ALL_FAILED, SEARCH, STUDY, write_synthetic_run

import gan_study
from gan_study.report.write import write_report


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study's run folder with its report."""
    place = tmp_path_factory.mktemp("runs") / "lsgan_vs_wgan"
    write_report(write_synthetic_run(str(place)))
    return place


@pytest.fixture(scope="module")
def run(location: Path) -> gan_study.Run:
    return gan_study.open(location)


def test_the_verdict_is_the_reports(run: gan_study.Run, location: Path) -> None:
    summary = json.loads((location / "summary.json").read_text())
    assert (run.verdict, run.winner) == (summary["verdict"], "lsgan")
    assert (run.name, run.state, run.arms) == ("lsgan_vs_wgan", "completed", ("lsgan", "wgan"))
    assert run.location == str(location)
    assert json.loads(run.summary.to_json()) == summary


def test_the_trials_are_those_of_the_csv_file(run: gan_study.Run, location: Path) -> None:
    rows = list(csv.DictReader((location / "trials.csv").open()))
    assert len(run.trials) == len(rows) == 20
    assert list(run.trials.columns) == list(rows[0])
    for column in ("score", "seconds", "searched.g_lr"):
        known = [float(row[column] or "nan") for row in rows]
        assert run.trials[column].dtype == float
        assert list(run.trials[column].fillna(-1)) == [-1 if value != value else value for value in known]
    assert list(run.trials["trial"]) == [row["trial"] for row in rows]


def test_the_metrics_are_those_of_the_trials(run: gan_study.Run, location: Path) -> None:
    lines = (location / "arms/wgan/search_003/metrics.jsonl").read_text().splitlines()
    kept = [json.loads(line) for line in lines]
    own = run.metrics[(run.metrics["arm"] == "wgan") & (run.metrics["trial"] == "search_003")]
    assert list(own["cur_nimg"]) == [line["cur_nimg"] for line in kept]
    assert list(own["score"]) == [line["score"] for line in kept]
    assert list(own["losses.d_loss"])[1:] == [line["losses"]["d_loss"] for line in kept[1:]]
    assert list(own["class_shares.7"]) == [line["class_shares"][7] for line in kept]
    assert len(run.metrics) == sum(len(path.read_text().splitlines()) for path in location.rglob("metrics.jsonl"))
    assert run.metrics["early_score"].dtype == float  # null throughout
    assert "losses" not in run.metrics
    assert run.trial("wgan/search_003").metrics["score"].tolist() == list(own["score"])


ODD_ARMS = {**STUDY, "arms": {"NA": STUDY["arms"]["lsgan"], "10": STUDY["arms"]["lsgan"]}}


def test_arms_may_have_names_that_look_like_values(tmp_path: Path) -> None:
    outcomes = {"NA": ALL_FAILED["lsgan"], "10": ALL_FAILED["wgan"]}
    folder = write_synthetic_run(str(tmp_path), study=ODD_ARMS, search=outcomes, confirm={})
    assert list(gan_study.open(folder.location).trials["arm"]) == ["NA", "NA", "10"]


def test_a_run_without_trials(tmp_path: Path) -> None:
    found = gan_study.open(write_synthetic_run(str(tmp_path), search={}, confirm={}).location)
    assert len(found.trials["score"]) == len(found.metrics["score"]) == 0
    assert "<strong>" in found._repr_html_()
    with pytest.raises(gan_study.InputError, match="the best trial of arm wgan is taken, but got none with a score"):
        found.best("wgan")


TITLES = {
    "confirmed": 'aria-label="Confirmed scores of each arm.',
    "learning_curves/wgan": 'aria-label="Learning curves of wgan.',
    "slice/network.width": 'aria-label="network.width and the score.',
    "parallel/lsgan": 'aria-label="The search of lsgan.',
    "verdicts": 'aria-label="Verdicts.',
}


def test_a_figure_is_that_of_the_report(run: gan_study.Run, location: Path) -> None:
    page = (location / "report.html").read_text()
    assert page.count('<script type="application/json">') == len(run.figures) == len(set(run.figures))
    for name, title in TITLES.items():
        start = page.index('<script type="application/json">', page.index(title))
        shown = json.loads(page[start:].partition(">")[2].partition("</script>")[0])
        drawn = json.loads(run.figure(name).to_json())
        assert drawn["data"] == shown["data"]
        assert drawn["layout"]["height"] == shown["layout"]["height"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda run: run.figure(),
            r"figure: No figure called '' \(known: best_so_far, class_shares, confirmed, .*verd",
        ),
        (lambda run: run.figure("confirmd"), "figure: No figure called 'confirmd'; did you mean 'confirmed'"),
        (lambda run: run.best("wgn"), r"best: No arm called 'wgn'; did you mean 'wgan'\? \(known: lsgan, wgan\)"),
        (lambda run: run.trial("wgan/search_03"), "trial: No trial called 'wgan/search_03'; did you mean 'wgan/search"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(run: gan_study.Run, call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(gan_study.InputError, match=message):
        call(run)


def test_a_folder_without_a_run_is_refused(location: Path, tmp_path: Path) -> None:
    with pytest.raises(gan_study.InputError, match=r"there is no such folder; did you mean .*/lsgan_vs_wgan\?$"):
        gan_study.open(location.with_name("lsgan_vs_wgn"))
    with pytest.raises(gan_study.InputError, match=r"give one of the run folders in it: lsgan_vs_wgan$"):
        gan_study.open(location.parent)
    for inside in ("report.html", "arms", "arms/wgan/search_000"):
        with pytest.raises(gan_study.InputError, match=r"give the run folder that it lies in: .*/lsgan_vs_wgan$"):
            gan_study.open(location / inside)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").touch()
    for place in ("empty", "file.txt"):
        with pytest.raises(gan_study.InputError, match="but this one does not; give the folder that `gan_study run` p"):
            gan_study.open(tmp_path / place)


def test_a_run_says_what_it_is(run: gan_study.Run) -> None:
    first, second = repr(run).splitlines()
    assert first == f"<Run lsgan_vs_wgan: completed, 20 trials in {run.location}>"
    assert second == run.verdict
    assert repr(run.best("wgan")) == "<Trial wgan/confirm_003_seed_1: completed, score 16.5>"


def test_a_notebook_shows_verdict_and_scores(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path / "<b>"))
    shown = gan_study.open(folder.location)._repr_html_()
    cells: list[str] = []

    class Parser(HTMLParser):
        def handle_data(self, data: str) -> None:
            cells.append(data.strip())

    Parser().feed(shown)
    assert gan_study.open(folder.location).verdict in cells
    assert {"lsgan", "wgan", "9.500, 10.00, 11.00, 10.50, 12.00"} <= set(cells)
    assert folder.location in cells  # its angle brackets are no tag


def test_an_unfinished_run_is_opened_as_it_is(tmp_path: Path) -> None:
    found = gan_study.open(write_synthetic_run(str(tmp_path), confirm={}, state="interrupted").location)
    assert found.state == "interrupted"
    assert found.winner is None
    assert found.best("lsgan").name == "search_002"
    assert "confirmed" not in found.figures
    assert "interrupted" in repr(found)


def test_a_damaged_trial_is_warned_of(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    (tmp_path / "arms/wgan/search_003/config.json").unlink()
    with pytest.warns(UserWarning, match="arms/wgan/search_003") as warnings:
        found = gan_study.open(folder.location)
    assert [warning.filename for warning in warnings] == [__file__]
    assert "wgan/search_003" not in set(found.trials["arm"] + "/" + found.trials["trial"])


def test_a_run_in_an_object_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with serve_objects() as store:
        outcomes = {arm: SEARCH[arm][2:4] for arm in SEARCH}
        folder = write_synthetic_run(store.uri("bucket/runs/x"), search=outcomes, confirm={})
        write_generator(folder.trial("wgan", "search_001"), seed=0)
        found = gan_study.open(folder.location)
        assert len(found.trials) == 4
        assert found.best("wgan").sample(2).shape == (2, 1, 16, 16)
        with pytest.raises(gan_study.InputError, match="there is no such folder"):
            gan_study.open(store.uri("bucket/runs/y"))
