"""How each client reads an answer: what it would show and do, or what it would stop at.

Pure functions over an exchange, written after the clients' own code in the versions of clients.toml. They
do what the clients do with bytes that are not as they should be, and no more of it than decides that.
"""
