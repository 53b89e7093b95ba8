"""`make journey`: the demo's own processes, driven by people in a real browser, from a request to the run's end."""
