"""How long a save takes until it answers, beside the reloaders in use; and what clients notice of a hundred of them."""
