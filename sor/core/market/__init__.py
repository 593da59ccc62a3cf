"""The market as the engine sees it: batches, oriented prices, books, queue events, averages and the NBBO path."""
