"""The precomputed catalog: building it, reading only what one rule needs, ranking from it."""
