"""How a graph of subtasks becomes coordinates. The door is rules/dag.py."""
