"""The command line's commands, one file for each group: parse → call → print → exit code.

What enters: options, their help, and the one call behind them. A decision belongs to the function that is called.
"""
