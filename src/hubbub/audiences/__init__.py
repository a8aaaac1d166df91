"""Teams in a tree, and temporary groups: audiences that people make."""
