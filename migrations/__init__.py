"""The versions of the database: a package of the Desmigratif Registry."""
