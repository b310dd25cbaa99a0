"""Everything is declared in setup.cfg; here stands only the compiled core, without which autograd runs in plain Python.

REQUIRE_AUTOGRAD_NATIVE=1 makes it an error if it cannot be built.
"""

import os
from glob import glob

from setuptools import Extension, setup

try:
    from Cython.Build import cythonize
except ImportError:
    cythonize = None

required = os.environ.get("REQUIRE_AUTOGRAD_NATIVE") == "1"
headers = glob("autograd/_*.h")
# Results are those of plain Python to the bit: a * b + c is rounded twice.
exact = [] if os.name == "nt" else ["-O2", "-ffp-contract=off"]
# Loops become vectors where that changes no bit; nobody asks for errno or for the processor's flags.
vectors = [] if os.name == "nt" else ["-O3", "-fno-math-errno", "-fno-trapping-math"]
native = Extension("autograd._native", ["autograd/_native.pyx"], depends=headers, extra_compile_args=exact)
machine = Extension(
    "autograd._machine",
    ["autograd/_machine.pyx"],
    depends=headers,
    extra_compile_args=exact + vectors,
    libraries=[] if os.name == "nt" else ["m"],
)
passes = Extension("autograd._passes", ["autograd/passes.py"])
unchecked = dict.fromkeys(["annotation_typing", "boundscheck", "initializedcheck", "wraparound"], False)
in_c = {"binding": False, "language_level": 3, **unchecked}  # its types stand in _passes.pxd

if cythonize is not None:
    modules = cythonize([native, machine], compiler_directives={"binding": False})
    modules += cythonize([passes], compiler_directives=in_c)
    for module in modules:
        module.optional = not required
elif required:
    raise SystemExit("REQUIRE_AUTOGRAD_NATIVE=1, but Cython is missing: pip install cython")
else:
    print("Cython is missing, so autograd is installed without its compiled core; it runs in plain Python.")
    modules = []

setup(ext_modules=modules)
