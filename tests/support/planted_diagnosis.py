"""A diagnosis.json whose verdict is what a test wants; its findings are made up, but have every kind of value."""

from gan_study.runs.records.diagnosis import DiagnosisRecord, Diagnostics, Finding, Verdict, VerdictName

FINDINGS = (
    Finding(
        name="coverage_partial",
        value=0.62,
        threshold=0.75,
        direction="below",
        source="Naeem et al. 2020; threshold: proposal of gan_study",
        control=0.97,
        fires=True,
        sentence="The coverage ratio is 0.62, below 0.75 (as many held-out real images: 0.97).",
    ),
    Finding(
        name="still_falling",
        value=0.01,
        threshold=0.05,
        direction="above",
        source="proposal of gan_study",
        control=None,
        fires=False,
        sentence="The fall of the score per evaluation at the end is 0.01, not above 0.05.",
    ),
    Finding(
        name="vendi_total",
        value=None,
        threshold=None,
        direction="below",
        source="Friedman and Dieng 2023; threshold: proposal of gan_study",
        control=None,
        fires=False,
        sentence="The Vendi ratio was not measured.",
    ),
)


def planted_diagnosis(
    name: VerdictName, missing_classes: tuple[str, ...] = (), late_collapse: bool = False, cur_nimg: int = 40_000
) -> DiagnosisRecord:
    """A record of a trial of the synthetic run that has trained to its end."""
    verdict = Verdict(
        name=name,
        late_collapse=late_collapse,
        missing_classes=missing_classes,
        decisive=FINDINGS[:1],
        findings=FINDINGS,
        sentence=f"{name.value.replace('_', ' ').capitalize()}: {FINDINGS[0].sentence}",
    )
    return DiagnosisRecord(
        cur_nimg=cur_nimg,
        extractor="domain_classifier@1a2b3c4d,hidden,d=64",
        seconds=1.5,
        verdict=verdict,
        diagnostics=Diagnostics(num=150, num_train=750),
        neighbour_distances=(0.21, 0.35, 0.42),
    )
