"""A client of OCP's REST API. No Django here: it could be published alone."""
