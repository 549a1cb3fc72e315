"""Who may do what, and who calls: a package of the Desmigratif Registry."""
