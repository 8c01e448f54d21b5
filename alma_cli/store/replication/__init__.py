"""What the store knows of the shared copy: what came, what is to go, and what is set aside."""
