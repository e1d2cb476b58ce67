"""The kind `check_data_set`: keeps a report with a data set, and blocks it where its values are not as expected."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.checks.expected import ExpectedArguments
from enorchestrator.work.kind import Arguments, DataSetId, Partial, WorkKind
from enstorage import Connector, DataSet
from enstorage.errors import InvalidInputError
from enstorage.progress import Progress


class CheckDataSetArguments(ExpectedArguments, Arguments):
    """A data set, and how the values are to be that it was made from."""

    data_set: Annotated[DataSetId, Field(description="The data set.")]

    def subject(self) -> str:
        """The id."""
        return str(self.data_set)


def _check(arguments: CheckDataSetArguments, connector: Connector) -> None:
    arguments.expected()
    DataSet.get(arguments.data_set, connector=connector)


def _check_data_set(
    arguments: CheckDataSetArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    progress("Checking values", 0, 1)
    data_set = DataSet.get(arguments.data_set, connector=connector)
    report = data_set.check(arguments.expected())
    if not report["passed"]:
        raise InvalidInputError(
            f"{data_set} is blocked: its values are not as expected: {report['faults']}. The report is kept with it. "
            "Correct the points and make it anew."
        )
    return {"data_set": {"id": data_set.id, "name": data_set.name}, "report": report}


CHECK_DATA_SET = WorkKind(
    "check_data_set",
    "change",
    "data_set",
    "Check data set",
    CheckDataSetArguments,
    _check_data_set,
    _check,
    outputs={"data_set": "data_set"},
)
"""The kind."""
