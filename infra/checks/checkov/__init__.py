# Checkov loads the Python checks of a folder that has this file.
