"""The GraphQL face of the records: a package of the Desmigratif Registry."""
