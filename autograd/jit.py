"""`jit` and `vmap`: a function of scalars, run as a program, over one lane or a million.

The function is ordinary Python. It is run once on Values, and what it did is kept as a program; where it branches on
its numbers, each way it goes is a program of its own (see `paths`). Programs are kept per structure of the arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial, reduce, update_wrapper
from importlib import import_module
from itertools import accumulate
from operator import add
from typing import Any, NamedTuple

from autograd.branches import converted
from autograd.calling import call as call_within, stay_calls
from autograd.columns import Folding, Inputs, built
from autograd.core import Value, recorder
from autograd.errors import ArgumentError, describe
from autograd.kernel import Kernel
from autograd.lanes import Axes, Call, Shapes, over_lanes, shapes_of, without_lanes
from autograd.paths import MAX_PATHS, NO_WAY, Options, Path, Shortcut
from autograd.program import Program
from autograd.structures import Branch, Structure, array, flatten, is_array, unflatten

Function = Callable[..., Any]
MOST_SHAPES = 256  # of arguments, to remember


def jit(
    f: Function, *, exact: bool = False, max_paths: int = MAX_PATHS, threads: int | None = None
) -> Compiled:
    """Return `f` as a function that runs as a program.

    Numbers among the arguments, also in structures, are inputs; what is no number is a constant, and so are numbers
    that `f` finds elsewhere. Values that `f` finds elsewhere, such as the parameters of a model, are read at each call,
    and gradients flow to them. What `f` calls over many lanes, a function made by `vmap`, runs over many lanes here,
    too. Raises `RecordingError` where `f` does what cannot be recorded.

    >>> @jit
    ... def collatz(n):
    ...     turns = 0.0
    ...     while n != 1.0:
    ...         n = 3.0 * n + 1.0 if n % 2.0 else n / 2.0
    ...         turns += 1.0
    ...     return turns
    >>> collatz(6), collatz(7)
    (8.0, 16.0)
    """
    options = Options(exact, max_paths, threads)
    return Compiled(f.function, f.lanes, options) if isinstance(f, Compiled) else Compiled(f, None, options)


def vmap(
    f: Function,
    in_axes: Axes = 0,
    reduce: str | None = None,
    *,
    exact: bool = False,
    max_paths: int = MAX_PATHS,
    threads: int | None = None,
) -> Compiled:
    """Return `f` as a function over many lanes: arguments have one dimension more, and so has the result.

    `in_axes` says which dimension of each argument counts the lanes: an int, None for an argument that is the same in
    all, or a structure of these. With `reduce="sum"` or `"mean"` the result is that of the results of all lanes. All
    else is as for `jit`. Raises `ArgumentError` if the numbers of lanes differ.

    >>> import numpy as np
    >>> vmap(lambda x, y: x if x > y else y * y)(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])).tolist()
    [4.0, 4.0, 3.0]
    """
    if reduce not in (None, "sum", "mean"):
        raise ArgumentError(f"vmap: reduce: got {describe(reduce)}; expected 'sum', 'mean' or None")
    inner = f.function if isinstance(f, Compiled) and f.lanes is None else f
    return Compiled(inner, Lanes(in_axes, reduce), Options(exact, max_paths, threads))


class Slopes(NamedTuple):
    """The gradient of a sum over lanes: one number where the argument is the same in all, else one per lane."""

    argnums: int | Sequence[int]
    with_value: bool

    def varying(self, call: Call) -> list[bool]:
        """Return for each number of the gradient whether its argument varies from lane to lane."""
        assert isinstance(call.structure, Branch)
        args = call.structure.parts[0]
        assert isinstance(args, Branch)
        ends = list(accumulate((part.size for part in args.parts), initial=0))
        places = self.argnums if isinstance(self.argnums, Sequence) else [self.argnums]
        parts = [place % len(args.parts) for place in places]
        return [varying for part in parts for varying in call.varying[ends[part] : ends[part + 1]]]


class Lanes(NamedTuple):
    """How arguments hold the numbers of many lanes, and what becomes of the results."""

    axes: Axes
    reduce: str | None
    slopes: Slopes | None = None

    def foldings(self, call: Call, structure: Structure) -> list[Folding]:
        """Return what becomes of each number of the result."""
        mean = self.reduce == "mean"
        if self.slopes is None:
            return [Folding(self.reduce is not None, mean)] * structure.size
        value = [Folding(True, mean)] * self.slopes.with_value
        return value + [Folding(not varying, mean) for varying in self.slopes.varying(call)]

    def folded(self, cells: Sequence[Any]) -> Any:
        """Return the sum or the mean of the numbers of all lanes; an array of them if that is not wanted."""
        if self.reduce is None:
            return array(cells, (len(cells),))
        total = reduce(add, cells)
        return total / len(cells) if self.reduce == "mean" else total


class Compiled:
    """A function that runs as programs; made by `jit` and `vmap`."""

    def __init__(self, function: Function, lanes: Lanes | None, options: Options) -> None:
        self.function, self.lanes, self.options = function, lanes, options
        self._kernels: list[tuple[Call, Kernel]] = []
        self._known: dict[Shapes, tuple[Call, Kernel, Shortcut | None]] = {}  # calls need not be taken apart again
        self._shortcut: Shortcut | None = None  # for the arguments that were seen last
        update_wrapper(self, function, updated=())

    @property
    def programs(self) -> list[Program]:
        """The programs that have been recorded so far, one per path and structure of the arguments."""
        return [path.code for _, kernel in self._kernels for path in kernel.paths.all]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns, of all lanes."""
        shortcut = self._shortcut
        if shortcut is not None and not kwargs and recorder() is None:
            found = shortcut.results(args)
            if found is not NO_WAY:
                return found
        if recorder() is not None:
            call, inputs = self._call(args, kwargs)
            if self.lanes is not None and stay_calls():
                return call_within(self._new_kernel(call), inputs)
            return self._joined(call, inputs)
        shapes = shapes_of(args) if not kwargs else None
        known = self._known.get(shapes) if shapes is not None else None
        if known is not None:
            call, kernel, self._shortcut = known
            return kernel(call.inputs(args))
        call, inputs = self._call(args, kwargs)
        kernel = self._kernel(call)
        result = kernel(inputs)
        if shapes is not None:
            self._remember(shapes, call, kernel)
        return result

    def _remember(self, shapes: Shapes, call: Call, kernel: Kernel) -> None:
        if len(self._known) >= MOST_SHAPES:
            self._known.clear()
        self._shortcut = kernel.shortcut(shapes) if self.lanes is None else None
        self._known[shapes] = call, kernel, self._shortcut

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the function by its name, as Python does, and its programs: they need not be recorded again.

        Programs that cannot be pickled are left out. Calls over lanes are pickled without the functions they call, for
        these need not have names: if a lane takes a path that is not known, this function is recorded, and finds them.
        """
        every = [(call, list(kernel.paths.all)) for call, kernel in self._kernels]
        known = [each for each in every if _can_be_pickled(each)]
        module, name = self.function.__module__, self.function.__qualname__
        if getattr(_found(module, name), "function", None) is self.function:  # decorated: its name means this one
            return _of_decorated, (module, name, self.lanes, self.options), known
        return Compiled, (self.function, self.lanes, self.options), known

    def __setstate__(self, known: list[tuple[Call, list[Path]]]) -> None:
        for call, paths in known:
            kernel = self._kernel(call)
            for path in paths:
                kernel.paths.add(path)

    @property
    def _name(self) -> str:
        return str(getattr(self.function, "__name__", "the function"))

    def _call(self, args: Any, kwargs: Any) -> tuple[Call, Inputs]:
        if self.lanes is None:
            return without_lanes(self._name, args, kwargs)
        return over_lanes(self._name, self.lanes.axes, args, kwargs)

    def _kernel(self, call: Call) -> Kernel:
        """Return the kernel for arguments of this structure."""
        for known, kernel in self._kernels:
            if known.varying == call.varying and known.structure == call.structure:
                return kernel
        kernel = self._new_kernel(call)
        self._kernels.append((call, kernel))
        return kernel

    def _new_kernel(self, call: Call) -> Kernel:
        def of_values(*values: Value) -> Any:
            args, kwargs = unflatten(call.structure, values)
            return converted(self.function)(*args, **kwargs)

        foldings = partial(self._foldings, call)
        return Kernel(self._name, of_values, call.varying, foldings, self.options, calls=self.lanes is None)

    def _foldings(self, call: Call, structure: Structure) -> list[Folding]:
        return [Folding()] * structure.size if self.lanes is None else self.lanes.foldings(call, structure)

    def __transformed__(self, transform: Function, argnums: Any, has_aux: bool) -> Compiled | None:
        """Return the transform of this function as one that runs as programs, too; None where it has no such form.

        The gradient of a sum over lanes is the sum of their gradients. What is no sum is gone through as a graph.
        """
        function = transform(self.function, argnums, has_aux)
        if self.lanes is None:
            return Compiled(function, None, self.options)
        name = transform.__name__
        if self.lanes.reduce is None or self.lanes.slopes or has_aux or name not in ("grad", "value_and_grad"):
            return None
        return Compiled(function, self.lanes._replace(slopes=Slopes(argnums, name == "value_and_grad")), self.options)

    def _joined(self, call: Call, inputs: Inputs) -> Any:
        """Do what the function does, lane by lane, so that it becomes part of the recording that is under way."""
        function, columns, found = converted(self.function), inputs.columns, []
        for lane in range(1 if inputs.count is None else inputs.count):
            args, kwargs = unflatten(call.structure, [x[lane] if is_array(x) else x for x in columns])
            found.append(flatten(function(*args, **kwargs), f"the result of {self._name}", fixed=True))
        numbers, structures = zip(*found)
        results = numbers[0] if self.lanes is None else [self.lanes.folded(cells) for cells in zip(*numbers)]
        return built(structures[0], results)


def _found(module: str, name: str) -> Any:
    """Return what is known by a name in a module; None if it is not there."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _can_be_pickled(thing: Any) -> bool:
    """Return whether a thing can be pickled, and be had back."""
    import pickle  # is needed here only

    with suppress(Exception):
        pickle.loads(pickle.dumps(thing))
        return True
    return False


def _of_decorated(module: str, name: str, lanes: Lanes | None, options: Options) -> Compiled:
    """Return a compiled function whose function is to be had only from one that is compiled."""
    import_module(module)
    return Compiled(_found(module, name).function, lanes, options)

