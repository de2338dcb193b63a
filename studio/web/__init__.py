"""The studio as a web application: the access gate, rendering, the live stream and the assets."""
