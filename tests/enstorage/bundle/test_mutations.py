"""What an import takes opens afterwards: any field of any record is given another value, and either the import refuses with
one message, or `check` finds nothing and everything can be read."""

import copy
import json
import random
from contextlib import suppress

import pytest
from forging import packed, unpacked

import enstorage
from enstorage import DataSet, Ensemble, Model
from enstorage.errors import EnstorageError, NotFoundError

SEED = 20
OTHER_VALUES = (None, True, "", "x", "none", -1, 0, 1, 7, 2**31, 2**63, 0.5, float("nan"), [], {}, [0], {"a": 1}, [[]])


def fields(value, way=()):
    """The ways to every value inside a JSON value, itself included."""
    yield way
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in entries:
        yield from fields(each, (*way, key))


def at(value, way):
    for key in way:
        value = value[key]
    return value


def mutated(record, way, others, generator):
    """The record with one value more, less, or another one: of another type, another number, or of another record."""
    changed = copy.deepcopy(record)
    if not way:
        return changed
    whole, key = at(changed, way[:-1]), way[-1]
    choice = generator.randrange(4)
    old = whole[key]
    if choice == 0 and way[0] == "columns" and len(way) > 2:
        del whole[key]
    elif choice == 1 and type(old) in (int, float):
        whole[key] = old + generator.choice((-1, 1, 2, 1000))
    elif choice == 2:
        with suppress(KeyError, IndexError, TypeError):
            whole[key] = copy.deepcopy(at(generator.choice(others), way))
    else:
        whole[key] = generator.choice(OTHER_VALUES)
    return changed


def mutations(bundle, count, generator):
    """Bundles with one changed value each: every field of every entity in turn, as many as asked for."""
    members, manifest = unpacked(bundle)
    places = []
    for name in sorted(name for name in members if name.startswith("records/")):
        records = [json.loads(line) for line in members[name].splitlines()]
        shapes = {}
        for number, record in enumerate(records):
            for way in fields(record):
                if "data" not in way:  # the values of a curve
                    shapes.setdefault(tuple("#" if type(key) is int else key for key in way), []).append((number, way))
        places += [(name, records, shape, found) for shape, found in shapes.items() if shape]
    generator.shuffle(places)
    for turn in range(count):
        name, records, _, found = places[turn % len(places)]
        number, way = generator.choice(found)
        changed = [
            mutated(each, way, records, generator) if at_ == number else each for at_, each in enumerate(records)
        ]
        if changed != records:
            lines = b"".join(json.dumps(record).encode() + b"\n" for record in changed)
            yield f"{name} {number} {way}", {**members, name: lines}, copy.deepcopy(manifest)


def everything_opens(connector):
    for data_set in DataSet.get_list(connector=connector):
        data_set.arrays("train")
    for model in Model.get_list(connector=connector):
        with suppress(NotFoundError):
            model.load_object()
        with suppress(NotFoundError):
            model.forecasts()
    for ensemble in Ensemble.get_list(connector=connector):
        if ensemble.result is not None:
            ensemble.forecasts()
            ensemble.alignment()
        for read in (ensemble.weights, ensemble.diagnosis, ensemble.tried):
            with suppress(NotFoundError):
                read()


def run(bundle, count, seed, another_store, tmp_path):
    other, faults, taken = another_store(), [], 0
    for what, members, manifest in mutations(bundle, count, random.Random(seed)):
        path = packed(tmp_path / "mutated.enz", members, manifest)
        try:
            enstorage.import_bundle(path, other)
        except EnstorageError as error:
            if "\n" in str(error):
                faults.append(f"{what}: {error}")
            continue
        except Exception as error:
            faults.append(f"{what}: {error!r}")
            continue
        taken += 1
        found = enstorage.check(other)
        faults += [f"{what}: check says {each}" for each in found]
        try:
            everything_opens(other)
        except Exception as error:
            faults.append(f"{what}: does not open: {error!r}")
        other = another_store()
    assert taken > 0
    assert faults == []


def test_what_an_import_takes_is_whole_and_opens(bundle, another_store, tmp_path):
    run(bundle, 10, SEED, another_store, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_what_an_import_takes_is_whole_and_opens_for_many_mutations(bundle, another_store, tmp_path, seed):
    run(bundle, 60, seed, another_store, tmp_path)
