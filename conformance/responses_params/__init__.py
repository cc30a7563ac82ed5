"""Request parameters and state of Responses: accepted, refused, honoured, kept."""
