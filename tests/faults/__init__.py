"""The proof: faults, crashes and attacks, judged by a checker that shares no code with the product."""
