"""What computes refuses what is in the trash before it begins; what only reads does not."""

import pytest

import entrainer
from endirector import Conductor, form
from enstorage import Ensemble, Model, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.networks import Estimator


@pytest.fixture
def project(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2)
    project = Project(name="Sun", data_source=sunspots).save()
    research = project.create_research("linear", preparation)
    for lag in (2, 4, 6):
        research.create_model(f"lag {lag}", Estimator("LinearRegression")).data_set(preparation.create_set(Window(lag)))
    entrainer.fit(project.models(), progress=False)
    return project


def test_long_work_is_refused_before_it_begins(project, store, census):
    models = project.models()
    ensemble = project.create_ensemble("voting", models=models[:2])
    models[0].trash()
    before = census(store)
    for act, what in [
        (lambda: entrainer.fit(models, progress=False), "Model(1, 'lag 2')"),
        (lambda: entrainer.backtest(models, folds=2, progress=False), "Model(1, 'lag 2')"),
        (lambda: form(project, models, progress=False), "Model(1, 'lag 2')"),
        (lambda: Conductor(ensemble).render(progress=False), "Ensemble(1, 'voting')"),
    ]:
        with pytest.raises(InvalidInputError) as refusal:
            act()
        assert str(refusal.value).startswith(f"{what} is in the trash. Take it out first: ")
    project.trash()
    with pytest.raises(InvalidInputError, match=r"Project\(1, 'Sun'\) is in the trash"):
        form(project, progress=False)
    assert census(store) == before


def test_candidates_leave_the_trash_out(project):
    project.models()[0].trash()
    ensemble = form(project, folds=2, progress=False)
    assert "lag 2" not in {name for row in ensemble.tried()["members"] for name in row}


def test_what_was_rendered_is_verified_and_read_in_the_trash_and_after_it(project):
    models = project.models()
    ensemble = Conductor(project.create_ensemble("weighted_voting", models=models)).render(progress=False)
    weights, table = ensemble.weights(), ensemble.table()
    project.trash()
    kept = Ensemble.get(ensemble.id)
    assert (kept.weights(), kept.staleness()) == (weights, [])
    assert kept.table().equals(table)
    Conductor(kept).verify()
    project.restore()
    assert Ensemble.get_list() == [ensemble]
    assert Model.count() == 3
