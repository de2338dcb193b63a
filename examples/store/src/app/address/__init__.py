"""Where users live."""
