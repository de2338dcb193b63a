"""What a recorded trace says: its run on the plan, why it failed, how the command grew, which SQL was expected. Pure."""
