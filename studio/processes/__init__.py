"""The processes of `loom dev`: who watches, who starts, who serves, and what happens when something breaks."""
