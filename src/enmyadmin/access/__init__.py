"""Access: who asks, what they may, and what is written down about it.

A request passes the gate (`gate.py`), names its principal (`door.py`) and meets the permission of its route
(`permission.py`), which asks the policies of `enorchestrator.policy`.
"""
