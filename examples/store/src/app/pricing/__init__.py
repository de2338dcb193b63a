"""What an order would cost."""
