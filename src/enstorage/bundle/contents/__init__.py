"""The contents of a bundle: records, their relations and tables, and the rules that each of them keeps."""
