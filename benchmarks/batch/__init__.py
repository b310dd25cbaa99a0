"""Measurements of `jit` and `vmap` beside compilers of arrays. Importing this pins the process to one core."""

from benchmarks.cores import pin

pin()
