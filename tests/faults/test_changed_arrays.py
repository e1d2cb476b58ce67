"""Arrays of kept estimators with another size or value: refused, an error, or a model as good; never a crash."""

from amount import ARRAYS

_CASES = ARRAYS or 300


def test_no_changed_array_crashes_the_process_or_gives_a_wrong_result_in_silence(zygote, chance, figures):
    with figures("changed arrays", "estimators of scikit-learn") as row:
        done = 0
        row |= {"count": 0, "refused": 0, "error": 0, "same": 0, "another model": 0, "crashed": 0, "wrong": 0}
        while done < _CASES:
            cases = min(1000, _CASES - done)
            seed = chance.randrange(10**9)
            forked = zygote.fork("mutating:strike", seed=seed, cases=cases, classes=None if ARRAYS else 12)
            forked.finish()
            assert forked.said("finished"), f"seed {seed}: {forked.said('case')[-1:]}"
            assert not forked.said("unusable")[0]
            assert not forked.said("wrong"), f"seed {seed}"
            for word, count in forked.said("outcomes")[0].items():
                row[word] += count
            row["count"] += cases
            done += cases
        assert row["refused"] > 0
