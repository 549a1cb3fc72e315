"""Commands: how a household is submitted, verified, returned, amended and revealed."""
