"""Fixtures of the tests of operations; what they are made of is in ops_fixtures.py."""

from ops_fixtures import account, moto, ops_python, plugin_dir, pytest_collection_modifyitems

__all__ = ["account", "moto", "ops_python", "plugin_dir", "pytest_collection_modifyitems"]
