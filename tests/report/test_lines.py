"""Lines of many trials in one trace."""

from gan_study.report.lines import joined, thinned


def test_a_gap_keeps_lines_apart():
    found = joined([("a", (0, 10), (1.0, 2.0)), ("<b>", (5,), (0.123456789,))])
    assert found == {
        "x": [0, 10, None, 5, None],
        "y": [1.0, 2.0, None, 0.12346, None],
        "text": ["a", "a", "", "&lt;b&gt;", ""],
    }


def test_thinning_keeps_the_ends_and_the_extremes():
    ys = [50.0 + i % 3 for i in range(51)]
    ys[17], ys[38] = -4.0, 900.0
    name, xs, kept = thinned(("a", range(51), ys))
    assert (name, xs[0], xs[-1]) == ("a", 0, 50)
    assert (min(kept), max(kept)) == (-4.0, 900.0)
    assert kept == [ys[i] for i in xs]
    assert len(xs) == 13
    assert list(xs) == sorted(set(xs))


def test_a_short_line_stays_as_it_is():
    line = ("a", range(12), [float(i) for i in range(12)])
    assert thinned(line) == line
