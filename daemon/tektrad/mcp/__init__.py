"""MCP servers: programs and addresses that offer tools; what a person approved of them, and speaking with them."""
