"""The store's knowledge of the shared copy: documents that came, are to go, or are set aside."""
