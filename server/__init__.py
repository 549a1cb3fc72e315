"""The wire, the command line and the demo: a package of the Desmigratif Registry."""
