"""`History`: what was done of an operation, and so what must be there of it."""

from dataclasses import dataclass, field

from operations import OPERATIONS


@dataclass
class History:
    """The numbers with which an operation was done on a store, see `operations`."""

    name: str
    begun: list[int] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    #: Those that were begun and did not come back, or came back with an error.
    cut: set[int] = field(default_factory=set)
    _given: int = 0

    def next(self):
        """A number that nothing was done with."""
        # A process that was killed may have prepared the one after its last.
        self._given = max(self._given, max(self.begun, default=0) + 1) + 1
        return self._given

    def do(self):
        """Do the operation once more."""
        operation, number = OPERATIONS[self.name], self.next()
        operation.before(number)
        operation.do(number)
        self.begun.append(number)
        self.done.add(number)

    def check(self):
        """What was done is there, what was cut off is there whole or not at all, and nothing else."""
        operation, there = OPERATIONS[self.name], OPERATIONS[self.name].there(self.begun)
        if operation.replaces:
            latest = max(self.done, default=None)
            possible = [{} if latest is None else {latest: operation.content(latest)}]
            possible += [{n: operation.content(n)} for n in self.cut if latest is None or n > latest]
            assert there in possible
            return
        for number in self.done:
            assert there.pop(number, "nothing") == operation.content(number), number
        for number, found in there.items():
            assert number in self.cut
            assert found == operation.content(number), number
