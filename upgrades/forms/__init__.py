"""Shapes of what people hand in. Rules are not here: services hold them."""
