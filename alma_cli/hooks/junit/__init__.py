"""Test reports in JUnit's XML: which files a command wrote, what they say, and which tests changed by them."""
