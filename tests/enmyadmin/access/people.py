"""The users of the tests of access: one of each role."""

from enmyadmin.access.users import add_user
from enorchestrator.policy.roles import ROLES
from enstorage import Connector

PASSWORD = "a good password 1"
NAMES = {"viewer": "vera", "analyst": "anton", "releaser": "rita", "administrator": "ada"}


def add_users():
    for role in reversed(ROLES):
        add_user(Connector.current(), NAMES[role], PASSWORD, role)
