"""Write the files of a report into the run folder: report.html, summary.json and trials.csv."""

from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.report.page import render_page
from gan_study.report.pictures.page_pictures import load_pictures, shown_trials
from gan_study.report.tables.trials_csv import trials_csv
from gan_study.runs.folder import RunFolder


def write_report(folder: RunFolder) -> str:
    """Write the report of a run, finished or not, and return the location of report.html.

    The page needs no network and no other file. Raises InputError if the folder holds no study, StorageError if a file
    cannot be read or written.
    """
    run = load_run(folder)
    summary = summarise(run)
    pictures = load_pictures(run, folder, shown_trials(run))
    folder.storage.write_text("summary.json", summary.to_json())
    folder.storage.write_text("trials.csv", trials_csv(run))
    folder.storage.write_text("report.html", render_page(run, summary, pictures))
    return folder.storage.child("report.html").location
