"""What goes over the wire, as data: bytes, events, exchanges, folds. No sockets, no pytest."""
