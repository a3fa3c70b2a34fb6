"""What FLAT brings itself, declared as any plugin is; a module a kind, so that a job imports what it has a use for."""
