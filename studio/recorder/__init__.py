"""The recorder: what runs in the app child and takes note of everything the app does. Nothing here runs in production."""
