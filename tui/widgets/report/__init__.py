"""Parts of a report: the verdict, the forest plot, the line of tabs, two reports side by side."""
