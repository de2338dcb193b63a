"""Measurements: what a claim of speed rests on."""
