"""The dispatcher: submits runs, claims their steps, has them executed, and settles what their processes left open."""
