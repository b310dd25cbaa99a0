"""Programs that show what the library does: `python -m demos.moons`, and likewise expressions, rosenbrock and sine."""
