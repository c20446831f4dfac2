"""One vocabulary for all vendors: fields, values, events, ATT&CK, benign classes. Tables are data files."""
