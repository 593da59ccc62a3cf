"""The report's `tca`: what sor.core.tca found, as JSON; the only place where its figures are rounded."""
