"""REST: declared interfaces become compiled routes; a web framework only serves them."""
