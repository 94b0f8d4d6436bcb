"""The control role: State, config, secrets and decisions. asyncio; no device nodes, no media libraries."""
