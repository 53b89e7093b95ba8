"""The OCP look-alike: a real HTTP server with its own state, for demos, rehearsal and tests.

It answers as OCP's documentation says OCP answers. It shares no code with the rest of ocpdash, so that a
misunderstanding in the client cannot hide in the server.
"""
