"""Request parameters of chat completions: accepted, refused, honoured."""
