"""Values that are kept until anything is committed, by any process."""

from enstorage import Connector, DataSource, Project


def test_a_value_is_read_once_until_anybody_commits(tmp_path):
    with Connector.in_folder(tmp_path / "store") as here, Connector.in_folder(tmp_path / "store") as elsewhere:

        def count():
            read.append(True)
            return len(Project.get_list(connector=here))

        def kept():
            return here.database.until_changed("number of projects", count)

        read: list[bool] = []
        source = DataSource(name="s", time_interval="1h", connector=here).save()
        assert [kept(), kept()] == [0, 0]
        assert len(read) == 1
        Project(name="theirs", data_source=DataSource.get(source.id, connector=elsewhere), connector=elsewhere).save()
        assert [kept(), kept()] == [1, 1]
        assert len(read) == 2
        with here.transaction():  # others do not see what is not committed
            Project(name="ours", data_source=source, connector=here).save()
            assert kept() == 2
        assert [kept(), kept()] == [2, 2]


def test_a_database_that_does_not_tell_of_commits_is_read_each_time(tmp_path):
    with Connector("sqlite://", "memory:", f"file:{tmp_path}") as connector:
        read = iter(range(2))
        assert [connector.database.until_changed("number", lambda: next(read)) for _ in range(2)] == [0, 1]
