"""Programs at the speed of the machine, in C."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from autograd.program import Program

Buffer = Any  # collections.abc.Buffer, from Python 3.12 on

CHECKSUM: int

class Machine:
    program: Program
    exact: bool
    summed: bytes
    def __init__(
        self, program: Program, exact: bool = False, summed: Iterable[object] | None = None, width: int = 0
    ) -> None: ...
    @overload
    def run(
        self,
        columns: Sequence[Buffer | float],
        lanes: int | range | Buffer,
        outs: Sequence[Buffer | None],
        threads: int = 1,
        uniforms: Buffer | None = None,
        sums: None = None,
        tile: int = 0,
    ) -> list[float]: ...
    @overload
    def run(
        self,
        columns: Sequence[Buffer | float],
        lanes: int | range | Buffer,
        outs: Sequence[Buffer | None],
        threads: int = 1,
        uniforms: Buffer | None = None,
        *,
        sums: Buffer,
        tile: int = 0,
    ) -> None: ...
    def bound(
        self,
        columns: Sequence[Buffer | float],
        lanes: int | range | Buffer,
        sums: Buffer,
        threads: int = 1,
        uniforms: Buffer | None = None,
        mean: bool = False,
    ) -> Callable[[], None]: ...
    def first_mismatch(
        self,
        columns: Sequence[Buffer | float],
        lanes: int | range | Buffer,
        threads: int = 1,
        uniforms: Buffer | None = None,
    ) -> array[int]: ...
    @overload
    def one(self, numbers: Sequence[float] | Buffer, out: None = None) -> list[float]: ...
    @overload
    def one(self, numbers: Sequence[float] | Buffer, out: Buffer) -> None: ...
    def one_mismatch(self, numbers: Sequence[float] | Buffer) -> int: ...
    def counts(self) -> dict[str, int]: ...

class Lane:
    def __init__(self, machine: Machine, shapes: tuple[Any, ...], shapes_found: tuple[Any, ...]) -> None: ...
    def results(self, args: tuple[Any, ...], steps: list[Callable[[], object]]) -> list[Any] | None: ...

def parted(lanes: range | Buffer, numbers: Buffer) -> list[tuple[int, Any]]: ...
