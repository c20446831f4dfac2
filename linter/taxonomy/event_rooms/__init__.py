"""How each vendor's rules say which events they read: one room a vendor, and the tables they share."""
