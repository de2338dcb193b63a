"""The app child: imports the user's code, reports what it compiled, serves it. Started as `python -m studio.child`."""
