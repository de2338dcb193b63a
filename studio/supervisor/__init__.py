"""The process side of `loom dev`: sockets, watcher, children, terminal. Nothing here imports the user's code."""
