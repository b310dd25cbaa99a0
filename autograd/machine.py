"""Running a program: one lane in plain Python, many on numpy."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.program import Program


def one(program: Program, numbers: Sequence[float]) -> list[float]:
    """Return the outputs for one lane.

    >>> from autograd import Value
    >>> from autograd.program import flatten
    >>> x = Value(3.0)
    >>> one(flatten([x * x + 1.0, x], [x]), [5.0])
    [26.0, 5.0]
    """
    values = [*numbers, *program.constants]
    for row, operands in program:
        values.append(row.evaluate(*[values[v] for v in operands]))
    return [values[v] for v in program.outputs]
class Machine:
    def __init__(self, program, exact=False, summed=b""):
        self.program, self.summed = program, summed or bytes(len(program.outputs))
    def one(self, numbers): return one(self.program, numbers)
    def _values(self, columns, lanes):
        import numpy as np
        idx = range(lanes) if isinstance(lanes,int) else lanes
        for l in idx:
            v=[c if type(c) is float else float(c[l]) for c in columns]+list(self.program.constants)
            for row, operands in self.program: v.append(row.evaluate(*[v[o] for o in operands]))
            yield int(l), v
    def run(self, columns, lanes, outs, threads=None):
        sums=[0.0]*len(self.program.outputs)
        for l,v in self._values(columns,lanes):
            for k,o in enumerate(self.program.outputs):
                if self.summed[k]: sums[k]+=v[o]
                else: outs[k][l]=v[o]
        return [s for s,f in zip(sums,self.summed) if f]
    def first_mismatch(self, columns, lanes):
        import numpy as np
        res=[]
        for l,v in self._values(columns,lanes):
            res.append(next((i for i,(g,o) in enumerate(zip(self.program.guards,self.program.outcomes)) if (v[g]!=0)!=bool(o)),len(self.program.guards)))
        return np.array(res)
