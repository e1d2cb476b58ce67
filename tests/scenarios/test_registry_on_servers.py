"""The registry and the monitor over other databases: versions that are registered at once, promotion, rollback, feedback."""

from concurrent.futures import ThreadPoolExecutor

from enorchestrator import (
    aliases_of,
    evaluate,
    give_feedback,
    issue_forecasts,
    list_versions,
    monitor,
    promote,
    rollback,
)
from enorchestrator.registry.versions import store_version
from released import make_ensemble, make_source


class LifeOfVersions:
    """What holds on every database."""

    def test_versions_are_registered_at_once_promoted_watched_and_rolled_back(self, store):
        source = make_source()
        ensembles = [make_ensemble(source, name, alpha=alpha) for name, alpha in (("a", None), ("b", 0.01), ("c", 0.1))]
        with ThreadPoolExecutor(3) as threads:
            made = threads.map(lambda each: store_version("load", each).version, ensembles)
            assert sorted(made) == [1, 2, 3]
        for version in (1, 2):
            evaluate("load", version, progress=False)
            promote("load", version)
        assert rollback("load").version == 1
        assert aliases_of("load") == {"production": 1, "previous": 2}
        issue_forecasts("load", 2)
        row = {"time": "2020-01-01", "value": 99.5}
        assert [give_feedback("load", [row])["new"] for _ in range(2)] == [1, 0]
        assert monitor("load", settings={"patience": 10_000}, progress=False).alerts == ()
        assert len(list_versions("load")) == 3


class TestOnPostgreSQL(LifeOfVersions):
    database = "postgresql"


class TestOnMariaDB(LifeOfVersions):
    database = "mariadb"
