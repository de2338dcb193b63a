"""How fast is a declared application, beside the same one written by hand?

`apps/` holds one API four times; `python -m benchmarks` compares their answers, loads them in turns and writes what it
measured; `python -m benchmarks.report` makes the table. Nothing here is part of loom.
"""
