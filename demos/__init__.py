"""Programs that show what the library does: `python -m demos.moons`, and likewise the others.

They are backpropagation, expressions, misconceptions, rosenbrock and sine.
"""
