"""The process that does the work (`python -m tui.worker FD`): runs, looks at tapes and brokers, reports written."""
