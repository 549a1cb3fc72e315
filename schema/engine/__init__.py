"""From a document to a plan: selections, limits, variables, cursors, execution."""
