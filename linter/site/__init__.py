"""The catalog as static pages."""
