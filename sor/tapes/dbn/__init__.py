"""Databento's binary tapes (DBN): the vendor's package reads the header and says how records are laid out."""
