"""Fixtures of the report's tests; what they are made of is in report_fixtures.py."""

from report_fixtures import made, router_report, static_report

__all__ = ["made", "router_report", "static_report"]
