"""One file a check, with its documentation and examples inside; the registry lists them."""
