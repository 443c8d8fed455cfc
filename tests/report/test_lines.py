"""Lines of many trials in one trace."""

from gan_study.report.figures.joined_lines import Line, join_lines, line_ends, thin_line

TWO = (Line("a", "a (stopped)", (0, 10), (1.0, 2.0)), Line("<b>", "<b>", (5,), (0.123456789,)))


def test_a_gap_keeps_lines_apart() -> None:
    assert join_lines("arm", TWO) == {
        "x": [0, 10, None, 5, None],
        "y": [1.0, 2.0, None, 0.12346, None],
        "meta": {"arm": "arm", "trials": ["a", "<b>"], "texts": ["a (stopped)", "&lt;b&gt;"]},
    }


def test_the_ends_of_lines() -> None:
    found = line_ends("arm", TWO)
    assert (found["x"], found["y"]) == ([10, 5], [2.0, 0.12346])
    assert found["meta"]["trials"] == ["a", "<b>"]


def line(ys: list[float]) -> Line:
    return Line("a", "a", range(len(ys)), ys)


def test_thinning_keeps_the_ends_and_the_extremes() -> None:
    ys = [50.0 + i % 3 for i in range(51)]
    ys[17], ys[38] = -4.0, 900.0
    found = thin_line(line(ys))
    assert (found.trial, found.x[0], found.x[-1]) == ("a", 0, 50)
    assert (min(found.y), max(found.y)) == (-4.0, 900.0)
    assert found.y == [ys[int(i)] for i in found.x]
    assert len(found.x) == 13
    assert list(found.x) == sorted(set(found.x))


def test_a_short_line_stays_as_it_is() -> None:
    short = line([float(i) for i in range(12)])
    assert thin_line(short) == short
