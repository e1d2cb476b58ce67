"""Writes a small store with something of everything, and its project as a bundle: `python write_store.py schema-0003`.

Run it once with each version that changes what stores look like, and keep what it wrote beside it: every later version
has to open it.
"""

import shutil
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

import enstorage
from endirector import Conductor
from enstorage.adapter import Window


def write(folder):
    """A store with a source, two models of different lag with objects, facts and forecasts, and their ensemble."""
    connector = enstorage.Connector.in_folder(folder)
    source = enstorage.DataSource(name="Solar activity", time_interval="1y", unit="sunspots").save()
    years = np.arange(1700, 1760)
    source.write([str(year) for year in years], 50 + 40 * np.sin(years * 2 * np.pi / 11))
    source.write(["1705"], [12.5])  # a value that was replaced
    preparation = source.create_snapshot("as it was").create_preparation("linear", "minmax", 0.6, 0.2, 0.2)
    project = enstorage.Project(name="Sun", data_source=source, description="kept for later versions").save()
    research = project.create_research("Standard data", preparation)
    for lag in (3, 5):
        data_set = preparation.create_set(Window(lag))
        if hasattr(data_set, "check"):  # since schema 0016
            from enstorage.sources import ExpectedValues

            data_set.check(ExpectedValues(minimum=0))
        model = research.create_model(f"lag {lag}")
        model.data_set(data_set)
        model.tags["kind"] = "linear"
        model.save()
        _, X, y = data_set.arrays("train")
        estimator = LinearRegression().fit(X, y)
        model.save_object(estimator)
        model.meta("loss", float("nan"))
        if hasattr(model, "log"):  # since schema 0002
            model.log(0, loss=1.5, val_loss=2.5)
        model.meta("settings", {"lag": lag, "names": ["a", "б"]})
        for part in ("train", "valid", "test"):
            ids, _ = data_set.targets(part)
            _, inputs, _ = data_set.arrays(part)
            model.save_forecasts(part, ids, data_set.invert(estimator.predict(inputs), part))
        if hasattr(enstorage.Ensemble, "claims"):  # since schema 0006
            import entrainer

            entrainer.predict(model)
    told = (
        {"parameters": {"metamodel": {"positive": True}}} if hasattr(enstorage.Ensemble, "parameters") else {}
    )  # 0004
    Conductor(project.create_ensemble("blending", "LinearRegression", models=project.models(), **told)).render()
    if told:
        write_layers(project, source)
    if hasattr(enstorage, "DataSetInput"):  # since schema 0003
        write_sets_of_several(project, preparation)
    if hasattr(enstorage, "Panel"):  # since schema 0005
        write_panel(folder.with_name("panel.enz"))
    if find_spec("enstorage.ledger"):  # since schema 0009
        write_ledger(connector)
    enstorage.export_project(project, folder.with_suffix(".enz"))
    connector.close()
    write_filled(folder.with_name("filled"))


def write_ledger(connector):
    """A run that failed, with its step, attempt and events; a user with a token, a policy, an entry of the audit log.

    Since schema 0010 also a pipeline with a run whose steps wait for each other, and a schedule.
    """
    from enstorage import ledger

    with connector.transaction() as session:
        run = ledger.Run(key="once", kind="fit", title="Fit", state="failed", arguments={"ids": [1]}, trace_id="0" * 32)
        user = ledger.User(name="ольга", password_hash="$argon2id$", role="analyst")
        session.add_all([run, user, ledger.StoredPolicy(name="no purges", text="forbid(principal, action, resource);")])
        session.flush()
        step = ledger.RunStep(run_id=run.id, name="fit", kind="fit", state="failed", arguments={}, fence=1)
        session.add(step)
        session.flush()
        session.add_all(
            [
                ledger.Attempt(
                    step_id=step.id, fence=1, executor="local", exit_reason="error", error={"title": "no data"}
                ),
                ledger.RunEvent(run_id=run.id, step_id=step.id, kind="log", data="no data"),
                ledger.Token(user_id=user.id, kind="api", name="nightly", secret_sha256="a" * 64),
                ledger.AuditEntry(
                    who="ольга", role="analyst", action="trash", entity="model", entity_id=1, outcome="done"
                ),
            ]
        )

        if hasattr(ledger, "DispatcherPresence"):  # since schema 0012
            heard = datetime(2026, 11, 29, tzinfo=UTC)
            session.add(ledger.DispatcherPresence(owner="there:1:1:1", program="serve", workers=2, heartbeat_at=heard))

        if hasattr(ledger, "NotificationRule"):  # since schema 0013
            rule = ledger.NotificationRule(name="failures", channel="ops", events=["run.failed"], condition={})
            session.add(rule)
            session.flush()
            told = {"run_id": run.id, "event": "run.failed", "data": {"title": "Fit"}, "due_at": heard}
            session.add(ledger.Notice(rule_id=rule.id, dedupe_key="rule 1, event 1", **told))

        if hasattr(ledger, "RegisteredModel"):  # since schema 0015
            write_releases(session, ledger)

    if hasattr(ledger, "Pipeline"):
        from enorchestrator import PipelineDefinition, create_schedule, run_pipeline, save_pipeline

        steps = {"check": {"kind": "check"}, "sweep": {"kind": "gc", "needs": ["check"]}}
        save_pipeline(PipelineDefinition.read({"name": "nightly", "steps": steps}), connector=connector)
        run_pipeline("nightly", connector=connector)
        create_schedule("each night", "nightly", "30 2 * * *", time_zone="Europe/Riga", connector=connector)


def write_releases(session, ledger):
    """A registered model with a version in production, its evaluation, what it forecast, and what came of that."""
    registered = ledger.RegisteredModel(name="Sun", gates={"limits": {"mae": 60}})
    session.add(registered)
    session.flush()
    own = {"registered_id": registered.id}
    version = ledger.ModelVersion(
        **own,
        version=1,
        entity="ensemble",
        entity_id=1,
        fingerprint="a" * 64,
        parameters={"method": "blending"},
        inputs=[{"entity": "data_set", "id": 1}],
        metrics={"test": {"mae": 50.5}},
    )
    session.add(version)
    session.flush()
    at, that = 10**18, {"version_id": version.id}
    seen = {"kind": "drift", "series": 1, "time_to": at}
    session.add_all(
        [
            ledger.ModelAlias(**own, **that, alias="production"),
            ledger.AliasChange(
                **own, alias="production", to_version_id=version.id, reason="promote", changed_by="ольга"
            ),
            ledger.VersionEvaluation(**that, state="passed", gates=registered.gates, report={"gates": []}),
            ledger.IssuedForecast(**that, series=1, target=at, step=1, value=51.5),
            ledger.Feedback(**own, series=1, target=at, kind="truth", value=50.5, given_by="ольга"),
            ledger.Observation(**own, **that, **seen, time_from=0, statistics={"psi": 0.5}, exceeded=True),
            ledger.MonitorAlert(**own, **that, **seen, message="It drifts.", proposal="retrain", data={}),
            ledger.SinkDelivery(key="b" * 64, sink="csv", target="forecasts.csv", rows=12),
        ]
    )


def write_layers(project, source):
    """An ensemble that was fitted out of fold, with weights for each row; one with it as a member; and late points."""
    for model in project.models():
        kept = model.forecasts("valid")
        model.save_forecasts("out_of_fold", kept["id"].to_numpy(), kept["value"].to_numpy() + model.id)
    mixture = Conductor(project.create_ensemble("mixture_of_experts", models=project.models())).render()
    Conductor(project.create_ensemble("voting", models=[project.models()[0], mixture])).render()
    source.write(["1706"], [99.5])
    source.check_snapshots()


def write_sets_of_several(project, preparation):
    """A model on two series side by side, and one on the visits of two customers, with forecasts."""
    from enstorage.adapter import Branches, Interval

    other = preparation.data_snapshot.create_preparation("linear", "log", 0.6, 0.2, 0.2)
    branches = preparation.create_set(Branches([other, preparation], lag=4))
    project.researches()[0].create_model("two series").data_set(branches)
    visits = []
    for name in ("first", "second"):
        source = enstorage.DataSource(name=f"visits of the {name} customer").save()
        source.write(np.cumsum(np.arange(len(name), 20)) * 86_400 * 10**9, np.ones(20 - len(name)))
        visits.append(source.create_snapshot().create_preparation("drop", "none", 0.6, 0.0, 0.4))
    shop = enstorage.Project(name="Shop", data_source=visits[0].data_snapshot.data_source).save()
    model = shop.create_research("Visits", visits[0]).create_model("next visit")
    pooled = enstorage.DataSet.from_preparations(visits, Interval(look_back=3))
    model.data_set(pooled)
    ids, truth = pooled.targets("test")
    model.save_forecasts("test", ids, truth + 1, series=pooled.series("test"))


def write_panel(file):
    """A project over a panel of two shops that opened one after the other, with a model on both; and as a bundle."""
    import polars as pl

    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    shops = [
        pl.DataFrame({"series": name, "time": days[later:], "value": 10 + np.sin(np.arange(len(days) - later))})
        for name, later in (("Riga", 0), ("Осло", 20))
    ]
    panel = enstorage.Panel.from_table(pl.concat(shops), name="Shops", time_interval="1d", unit="t")
    pooled = enstorage.DataSet.from_preparations(
        panel.create_preparations("drop", "standard", 0.5, 0.2, 0.3), Window(3)
    )
    project = enstorage.Project(name="All shops", panel=panel).save()
    model = project.create_research("Pooled", pooled.preparations()[0]).create_model("as yesterday")
    model.data_set(pooled)
    for part in ("train", "valid", "test"):
        _, X, _ = pooled.arrays(part)
        ids, _ = pooled.targets(part)
        model.save_forecasts(part, ids, pooled.invert(X[:, -1], part), series=pooled.series(part))
    Conductor(project.create_ensemble("voting", models=[model])).render()
    snapshot = panel.members()[0].data_source.create_snapshot("a second one", name="of the audit")
    snapshot.create_preparation("linear", name="filled")
    if hasattr(enstorage, "Scene"):  # since schema 0014
        write_scenes(panel)
    enstorage.export_project(project, file)


def write_scenes(panel):
    """Two versions of a scene, of which one has a band and was used for the panel, and the other is in quarantine."""
    known = {"collection": "sentinel-2-l2a", "item": "S2A_T32TQQ", "time": 1_578_553_200_000_000_000}
    properties = {"footprint": {"type": "Point", "coordinates": [11.9, 44.9]}, "cloud_share": 0.25, "baseline": "02.13"}
    first = enstorage.Scene(
        name="9 January",
        version=1,
        bounds=(11.9, 44.8, 12.0, 44.9),
        properties={**properties, "crs": "EPSG:32632"},
        **known,
    ).save()
    image = panel.connector.put([b"no image"])[0]
    enstorage.SceneBand(
        scene_id=first.id, name="red", sha256=image, source_sha256="0" * 64, bytes=8, raster={"shape": [7, 25]}
    ).save()
    panel.add_scenes([first])
    enstorage.Scene(name="9 January", version=2, quarantine="truncated", **known).save()


def write_filled(folder):
    """A bundle from a store of its own: a series with gaps that were filled, an ensemble, its diagnosis and intervals."""
    import endirector

    connector = enstorage.Connector.in_folder(folder)
    days = np.arange(80)
    source = enstorage.DataSource(name="Load with gaps", time_interval="1d").save()
    kept = np.delete(days, [9, 30, 31, 52, 70])
    source.write(np.datetime64("2024-01-01") + kept, 50 + 10 * np.sin(kept * 2 * np.pi / 7) + np.cos(kept**2))
    preparation = source.create_snapshot().create_preparation("forward", "minmax", 0.5, 0.25, 0.25)
    project = enstorage.Project(name="Gaps", data_source=source).save()
    research = project.create_research("Filled", preparation)
    for lag in (2, 7):
        data_set = preparation.create_set(Window(lag))
        model = research.create_model(f"lag {lag}")
        model.data_set(data_set)
        _, X, y = data_set.arrays("train")
        measured = np.isfinite(y)
        model.save_object(LinearRegression().fit(X[measured], y[measured]))
        for part in ("train", "valid", "test"):
            ids, _ = data_set.targets(part)
            _, inputs, _ = data_set.arrays(part)
            model.save_forecasts(part, ids, data_set.invert(model.load_object().predict(inputs), part))
    ensemble = project.create_ensemble("weighted_voting", models=project.models(), fit_on="valid")
    Conductor(ensemble).render(progress=False)
    endirector.diagnose(ensemble, progress=False)
    endirector.calibrate(ensemble, [0.5], progress=False)
    enstorage.export_project(project, folder.with_suffix(".enz"))
    connector.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        write(Path(place) / "store")
        with tarfile.open(f"{sys.argv[1]}.tar.gz", "w:gz") as archive:
            archive.add(Path(place) / "store", arcname="store")
        for name, kept in (("store.enz", ".enz"), ("panel.enz", "-panel.enz"), ("filled.enz", "-filled.enz")):
            if (Path(place) / name).exists():
                shutil.copy(Path(place) / name, f"{sys.argv[1]}{kept}")
