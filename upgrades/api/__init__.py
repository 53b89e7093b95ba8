"""The REST API: thin, over the same services and `visible_to` as the pages. It checks shape, calls one service.

Rules, rights and refusals are those of the services; what a program is told of a refusal is a problem (RFC 9457).
"""
