"""What is sold, and what happens when it runs out."""
