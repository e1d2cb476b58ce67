"""`Research`: a group of models made by definite rules."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Name
from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.project import Project
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.entity.model import Model


class Research(Record):
    """A group of models that are trained on data of the same preparation."""

    __tablename__ = "research"

    name: Mapped[str] = mapped_column(Name, info=facts("Display name."))
    project_id: Mapped[int] = mapped_column(
        ForeignKey("project.id"), index=True, info=facts("The project it belongs to.", belongs_to=True)
    )
    data_preparation_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_preparation.id"),
        index=True,
        info=facts("The preparation of its models; by default that of the first model's data set.", written_later=True),
    )

    def __init__(
        self, *, project: Project, name: str, preparation: DataPreparation | None = None, description: str = ""
    ) -> None:
        super().__init__(
            connector=project.connector, name=name, project_id=project._saved().id, description=description
        )
        if preparation is not None:
            self.use(preparation)

    def use(self, preparation: DataPreparation) -> None:
        """Set the preparation of this research; `save` stores it.

        Raises:
            InvalidInputError: the research has another preparation already, or it is of another data source.
        """
        if not isinstance(preparation, DataPreparation):
            raise InvalidInputError(
                f"{preparation!r:.80} is not a DataPreparation. Make one with snapshot.create_preparation(…)."
            )
        if not self._is_new:  # another object of this research may have set it meanwhile
            self.data_preparation_id = Research.get(self.id, connector=self.connector).data_preparation_id
        if self.data_preparation_id not in (None, preparation._saved().id):
            raise InvalidInputError(
                f"All models of {self} use data of preparation {self.data_preparation_id}; received preparation "
                f"{preparation.id}. Make a new research for it: project.create_research(name, preparation)."
            )
        self.project.check_preparation(preparation)
        self.data_preparation_id = preparation.id

    def create_model(self, name: str, network: Mapping[str, Any] | Any | None = None, description: str = "") -> "Model":
        """Create a model.

        Args:
            name: display name.
            network: the network, for training it here: a specification of `entrainer.networks`, its JSON form, or an
                estimator of scikit-learn that is not fitted, such as `Ridge()`.
            description: free text.
        """
        from enstorage.entity.model import Model

        return Model(research=self._saved(), name=name, network=network, description=description).save()

    def import_model(self, path: str | os.PathLike[str], name: str | None = None) -> "Model":
        """Import a model from files; no code from them is run, unless pickle is allowed for this store.

        Args:
            path: a folder from `Model.export`, or one with `architecture.json` and `model.weights.h5` or
                `model.safetensors`, with `model.skops` or with `model.onnx`; or one file, `.keras`, `.skops` or `.onnx`.
            name: display name; by default the name in the folder, or the name of the file.

        Returns:
            A stored model with the object, and with description, network and facts if the folder contains them.

        Raises:
            InvalidInputError: the files are missing, damaged, or do not match. Nothing was stored then.
            UntrustedError: loading them would run code.
            MissingLibraryError: a library for the format is not installed.
        """
        from enstorage.exchange.importing import import_model

        return import_model(self._saved(), path, name)

    @property
    def project(self) -> Project:
        """The project it belongs to."""
        return Project.get(self.project_id, connector=self.connector)

    @property
    def data_preparation(self) -> DataPreparation | None:
        """The preparation that all its models share; None before the first one has a data set."""
        if self.data_preparation_id is None:
            return None
        return DataPreparation.get(self.data_preparation_id, connector=self.connector)

    def models(self) -> "list[Model]":
        """The models of the research."""
        from enstorage.entity.model import Model

        return self._children(Model.research_id)
