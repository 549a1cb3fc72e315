"""Records, their rules and their protection: a package of the Desmigratif Registry."""
