"""One file a subcommand: `run(args) -> exit status`. Each is imported when it is called."""
