"""Bundles go from any database to any other, and those of every version come in."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from comparing import contents, hashes

import enstorage
from endirector import Conductor
from enstorage import Connector, Project, check

KEPT = Path(__file__).parents[2] / "upgrade"


class BundleContract:
    """What a bundle promises; `database` says which kind of database it is imported into."""

    database: str

    @pytest.fixture
    def other(self, tmp_path, empty_database):
        """A store on that database."""
        connector = Connector(
            empty_database(self.database, "bundle"), f"delta:{tmp_path}/there/series", f"file:{tmp_path}/there/objects"
        )
        yield connector
        connector.close()

    def test_a_project_goes_there_and_back(self, bundle, other, another_store, tmp_path):
        first, last = another_store(), another_store()
        enstorage.import_bundle(bundle, first)
        imported = enstorage.import_bundle(bundle, other)
        assert imported.points == 40
        assert contents(other) == contents(first)
        assert hashes(other) == hashes(first)
        assert check(other) == []

        before, known = contents(other), imported.new
        again = enstorage.import_bundle(bundle, other)
        assert (again.new, contents(other)) == ({}, before)
        assert again.known == {name: count for name, count in known.items() if name != "data_csv"}

        ensemble = again.project.ensembles()[0]
        metrics = ensemble.metrics()
        back = enstorage.export_project(again.project, tmp_path / "back.enz")
        enstorage.import_bundle(back.path, last)
        assert contents(last) == before
        assert hashes(last) == hashes(first)
        assert check(last) == []
        assert Conductor(ensemble).render().metrics() == metrics
        again.project.models()[0].delete(cascade=True)
        mended = enstorage.import_bundle(bundle, other)
        assert (mended.new["model"], mended.new["ensemble"]) == (1, 2)
        assert check(other) == []


@pytest.mark.slow
class TestMariaDb(BundleContract):
    database = "mariadb"


@pytest.mark.slow
class TestPostgreSql(BundleContract):
    database = "postgresql"


def test_a_project_of_an_upgraded_store_is_exported(tmp_path, another_store):
    shutil.unpack_archive(KEPT / "schema-0001.tar.gz", tmp_path)
    upgraded = Connector.in_folder(tmp_path / "store", upgrade=True)
    project = Project.get(1, connector=upgraded)
    exported = enstorage.export_project(project, tmp_path / "old.enz")
    upgraded.close()
    imported = enstorage.import_bundle(exported.path, another_store())
    assert imported.new == exported.records
    assert check(imported.project.connector) == []


@pytest.mark.others_long
@pytest.mark.parametrize("path", sorted(KEPT.glob("schema-????.enz")), ids=lambda path: path.name)
def test_a_bundle_that_an_older_version_wrote_is_imported(path, another_store):
    """Whoever changes the tables or the format sees here whether the bundles that people have still come in."""
    imported = enstorage.import_bundle(path, another_store())
    ensemble, *_ = imported.project.ensembles()
    assert list(ensemble.weights()) == ["lag 3", "lag 5"]
    kept = ensemble.metrics()["test"]["ensemble"]
    rendered = Conductor(ensemble).render().metrics()["test"]["ensemble"]
    assert {name: rendered[name] for name in kept} == pytest.approx(kept)  # this version has more of them
    assert check(imported.project.connector) == []


@pytest.mark.parametrize("path", sorted(KEPT.glob("schema-????-filled.enz")), ids=lambda path: path.name)
def test_an_ensemble_over_filled_rows_is_verified_by_the_rule_of_its_time(path, another_store):
    """Up to schema 0006 no preparation kept which rows were measured, so filled rows count; the ensemble is marked."""
    is_known = path.name >= "schema-0007"
    project = enstorage.import_bundle(path, another_store()).project
    assert check(project.connector) == []
    (ensemble,) = project.ensembles()
    (preparation,) = {model.research.data_preparation for model in project.models()}
    assert preparation.prepare().measured_rows_known == ensemble.measured_rows_known() == is_known
    marked = [
        warning for warning in ensemble.warnings() if warning.startswith("Measured rows unknown: DataPreparation(")
    ]
    assert (len(marked), ensemble.shown_mark()) == (
        (0, "held-out, claimed") if is_known else (1, "held-out, claimed, measured rows unknown")
    )
    assert ensemble.alignment()["not_measured"] == (5 if is_known else None)
    assert ensemble.labelled_result()["measured_rows_known"] == is_known
    Conductor(ensemble).verify(progress=False)
    assert np.isnan(project.models()[0].data_set().targets()[1]).sum() == (5 if is_known else 0)
    again = preparation.data_snapshot.create_preparation("forward", "minmax", 0.5, 0.25, 0.25)
    assert again.measured_rows_known  # to prepare the snapshot again is enough


@pytest.mark.parametrize("path", sorted(KEPT.glob("schema-????-panel.enz")), ids=lambda path: path.name)
def test_a_bundle_with_a_panel_that_an_older_version_wrote_is_imported(path, another_store):
    project = enstorage.import_bundle(path, another_store()).project
    assert list(project.panel.sources()) == ["Riga", "Осло"]
    assert project.panel.with_keys(project.models()[0].forecasts())["key"].unique().len() == 2
    ensemble = project.ensembles()[0]
    kept = ensemble.metrics()["test"]["ensemble"]
    rendered = Conductor(ensemble).render().metrics()["test"]["ensemble"]
    assert {name: rendered[name] for name in kept} == pytest.approx(kept)  # this version has more of them
    assert check(project.connector) == []
