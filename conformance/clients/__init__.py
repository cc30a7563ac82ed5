"""Whether the clients that people use will work with the target."""
