"""What protects every row: row security, crossings, constraints, ids, quotas and the vault."""
