"""The parts of the screens. They only draw what they are given."""
