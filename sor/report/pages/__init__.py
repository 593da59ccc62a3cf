"""Pages to mail: self-contained HTML from templates. No script, no picture file, no network."""
