"""Backups on the command line."""

import pytest


@pytest.fixture
def backup(enstorage, empty_store):
    """The file of a backup of an empty store."""
    status, _, errors = enstorage("backup", "made.backup", "--store", empty_store)
    assert status == 0, errors
    return enstorage.folder / "made.backup"


def test_a_backup_is_restored_into_a_folder_without_a_store(enstorage, backup):
    status, output, errors = enstorage("restore", backup, "--store", "new", "--quiet")
    assert (status, errors) == (0, f"Made a store in {enstorage.folder / 'new'}.\n")
    assert f"Restored {backup} of 20" in output
    assert enstorage("check", "--store", "new", "--quiet")[1] == "The store is whole.\n"


def test_a_wrong_file_is_named_and_leaves_no_store(enstorage, backup):
    content = backup.read_bytes()
    (enstorage.folder / "letter").write_text("Dear all")
    (enstorage.folder / "half").write_bytes(content[: len(content) // 2])
    (enstorage.folder / "flipped").write_bytes(content[:200] + bytes([content[200] ^ 0x55]) + content[201:])
    for name, words in {
        "letter": "letter cannot be restored.",
        "half": "half cannot be restored.",
        "flipped": "flipped cannot be restored.",
        "missing": "There is no file missing; expected a backup",
        "model": "There is no file model; expected a backup made by `enstorage backup`. To restore records from the trash",
    }.items():
        status, _, errors = enstorage("restore", name, "--store", "new", "--quiet")
        assert (status, words in errors) == (1, True), errors
        assert not (enstorage.folder / "new").exists(), name


def test_a_store_with_records_is_not_restored_into(enstorage, backup):
    enstorage("init", "other")
    enstorage("create", "data-source", "Load", "--store", "other")
    status, _, errors = enstorage("restore", backup, "--store", "other", "--quiet")
    assert (status, errors.startswith("error: The store has records already, such as 1 in data_source")) == (1, True), (
        errors
    )
