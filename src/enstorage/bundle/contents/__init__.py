"""What a bundle holds: records, their relations and tables, and the rules that each of them keeps."""
