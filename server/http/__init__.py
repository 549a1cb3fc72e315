"""HTTP: the wire, the routes, GraphQL requests and answers, metrics and processes."""
