"""What the forked processes do."""

import time

from kept import DAY
from operations import OPERATIONS, one

from enstorage import Connector, DataSource, Model

WRITERS = 8
KINDS_OF_WRITING = 8
_BREATH = 50


def repeat(journal, operation, urls, first):
    """Do an operation again and again, from a number on, until killed."""
    chosen = OPERATIONS[operation]
    with Connector(*urls), chosen.around():
        number = first
        while True:
            chosen.before(number)
            journal("begin", [number, time.monotonic()])
            chosen.do(number)
            journal("done", [number, time.monotonic()])
            time.sleep(chosen.pause_seconds)
            number += 1


def write_mixed(journal, urls, writer, count):
    """Write, change and delete beside the other writers; `test_many_writers` says what is there in the end."""
    with Connector(*urls) as connector:
        model, source = one(Model, "shared"), one(DataSource, "shared")
        record = None
        for turn in range(count):
            number = turn * WRITERS + writer
            match turn % KINDS_OF_WRITING:
                case 0:
                    record = DataSource(name=f"{writer} {turn}").save()
                case 1 | 2:
                    model.meta(f"{writer} {turn}", turn)
                case 3:
                    model.meta("of all", [writer, turn])
                case 4:
                    source.write([number * DAY], [number + 0.5])
                case 5:
                    model.log(number, loss=number + 0.5)
                case 6:
                    model.metas({f"{writer} {turn} {part}": part for part in range(5)})
                case 7 if turn // KINDS_OF_WRITING % 2:
                    record.delete()
                case 7:
                    record.unit = f"{writer} {turn}"
                    record.save()
            if turn % _BREATH == 0:
                journal("alive")
        connector.close()
    journal("finished", count)
