"""`FormatContract`: the promises of every format, as tests."""

# ruff: noqa: S101 - tests assert

from abc import ABC, abstractmethod
from typing import Any

import pytest

from enstorage import plugins
from enstorage.errors import EnstorageError
from enstorage.formats.base import FORMATS, Format, dump, load

_FOREIGN = (None, 3, "text", [1.0], {"a": 1}, object())


class FormatContract(ABC):
    """Every promise of `enstorage.formats.base.Format`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and implement `form`, `make_object` and `same`.
    """

    #: The format.
    form: type[Format]
    #: True if the format stores code, so that it is only used in stores that allow it.
    keeps_code = False

    @abstractmethod
    def make_object(self) -> Any:
        """An object that the format takes."""

    @abstractmethod
    def same(self, one: Any, other: Any) -> bool:
        """True if two objects give the same output."""

    def test_it_is_registered_under_its_name(self) -> None:
        """The name is stored beside the bytes and determines how they are loaded."""
        assert plugins.load(FORMATS, self.form.name) is self.form

    def test_it_takes_only_objects_of_its_own(self) -> None:
        """`takes` accepts any object as argument without failing."""
        assert self.form.takes(self.make_object())
        if not self.keeps_code:
            assert not any(self.form.takes(each) for each in _FOREIGN)

    def test_dumped_objects_are_loaded(self) -> None:
        """By the stored name; a loaded object can be dumped and loaded again."""
        obj = self.make_object()
        name, content = dump(obj, allow_pickle=self.keeps_code)
        assert name == self.form.name
        assert isinstance(content, bytes)
        opened = load(name, content, allow_pickle=self.keeps_code)
        assert self.same(obj, opened)
        again = self.form.load(self.form.dump(opened, allow_code=self.keeps_code), allow_code=self.keeps_code)
        assert self.same(obj, again)

    @pytest.mark.parametrize("length", [0, 1, 10])
    def test_truncated_bytes_are_refused(self, length: int) -> None:
        """With an error of this package, whatever the library raises."""
        content = self.form.dump(self.make_object(), allow_code=self.keeps_code)
        with pytest.raises(EnstorageError):
            self.form.load(content[:length], allow_code=self.keeps_code)
